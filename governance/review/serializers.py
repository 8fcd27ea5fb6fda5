"""Shapes of requests, votes and deployments in the API."""

from typing import Any

from rest_framework import serializers

from governance.review import rules
from portal.web.rest import StrictSerializer


class RequestWrite(StrictSerializer):
    """A deployment request as it is drafted."""

    system = serializers.SlugField()
    version = serializers.CharField(max_length=60)
    flows = serializers.ListField(child=serializers.SlugField(), min_length=1)
    board = serializers.UUIDField(required=False, help_text="the nearest board, where it is left out")
    earlier = serializers.UUIDField(required=False, help_text="the request that this one follows")
    summary = serializers.CharField(max_length=4000)
    alternatives = serializers.CharField(max_length=4000, default="", allow_blank=True)
    consulted = serializers.CharField(max_length=2000, default="", allow_blank=True)
    doubts = serializers.CharField(max_length=4000, default="", allow_blank=True)
    valid_months = serializers.IntegerField(min_value=1, max_value=24, default=12)


class RequestChange(StrictSerializer):
    """What is changed of a draft or a returned request; what is left out stays."""

    row_version = serializers.IntegerField(help_text="as you read it; another one since: 409")
    version = serializers.CharField(max_length=60, required=False)
    flows = serializers.ListField(child=serializers.SlugField(), min_length=1, required=False)
    summary = serializers.CharField(max_length=4000, required=False)
    alternatives = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    consulted = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    doubts = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    valid_months = serializers.IntegerField(min_value=1, max_value=24, required=False)


class ConditionWrite(StrictSerializer):
    """A condition of a vote."""

    text = serializers.CharField(max_length=2000)
    owner = serializers.UUIDField()
    due_on = serializers.DateField()
    accepted_by = serializers.ChoiceField(
        choices=rules.Discipline.values(),
        required=False,
        help_text="the seat that accepts the evidence; the voting seat, where it is left out",
    )


class VoteWrite(StrictSerializer):
    """A vote as it is cast."""

    choice = serializers.ChoiceField(choices=rules.Choice.values())
    reason = serializers.CharField(max_length=4000)
    conditions = serializers.ListField(child=ConditionWrite(), default=list)


class VoteReceipt(serializers.Serializer[Any]):
    """That a seat has voted; what it said stays hidden until the vote closes."""

    id = serializers.UUIDField()
    seat = serializers.CharField()
    cast_at = serializers.DateTimeField()
    request_state = serializers.CharField()


class ActReasonWrite(StrictSerializer):
    """A reason."""

    reason = serializers.CharField(max_length=2000)


class QuestionsWrite(StrictSerializer):
    """What the board wants to know before it decides."""

    questions = serializers.CharField(max_length=4000)


class AnswerWrite(StrictSerializer):
    """The answer to the questions of the board."""

    answer = serializers.CharField(max_length=4000)


class ExtendWrite(ActReasonWrite):
    """Until when a vote stays open."""

    until = serializers.DateField()


class DiscussionWrite(StrictSerializer):
    """A comment, in Markdown."""

    text = serializers.CharField(max_length=8000)
    parent = serializers.UUIDField(required=False)  # type: ignore[assignment]


class CommentChange(StrictSerializer):
    """Another text for an own comment, in Markdown."""

    row_version = serializers.IntegerField(
        required=False, min_value=0, help_text="of the comment as you read it; or send If-Match with it"
    )
    text = serializers.CharField(max_length=8000)


class MinutesWrite(StrictSerializer):
    """The next version of the minutes, in Markdown."""

    row_version = serializers.IntegerField(
        required=False,
        min_value=0,
        help_text="number of the version that this one follows, 0 for the first; or send If-Match with it",
    )
    text = serializers.CharField(max_length=20000)


class EvidenceWrite(StrictSerializer):
    """What shows that a condition is met."""

    evidence = serializers.CharField(max_length=2000)


class DocumentWrite(StrictSerializer):
    """A file as multipart/form-data."""

    file = serializers.FileField(max_length=255)


class AcceptWrite(StrictSerializer):
    """A remark with the acceptance."""

    answer = serializers.CharField(max_length=2000, default="", allow_blank=True)


class ReinstateWrite(StrictSerializer):
    """Why the board should put back what was stopped; all that is stopped, where no flows are named."""

    summary = serializers.CharField(max_length=4000)
    doubts = serializers.CharField(max_length=4000, default="", allow_blank=True)
    flows = serializers.ListField(child=serializers.SlugField(), min_length=1, required=False)


class MeetingWrite(StrictSerializer):
    """The day of the meeting in which the board was told."""

    on = serializers.DateField()


class CouncilWrite(StrictSerializer):
    """A question to the works council."""

    flows = serializers.ListField(child=serializers.SlugField(), min_length=1)
    question = serializers.CharField(max_length=4000)
    documents = serializers.CharField(
        max_length=4000, help_text="references of the documents it received; files are added to the record"
    )
    informed_on = serializers.DateField()
    answer_due_on = serializers.DateField(required=False)


class CouncilAnswerWrite(StrictSerializer):
    """An answer of the works council, of a court, or the finding that its consent is not owed."""

    act = serializers.ChoiceField(choices=list(rules.ANSWERS))
    answered_on = serializers.DateField()
    reason = serializers.CharField(max_length=4000, default="", allow_blank=True)
    documents = serializers.CharField(max_length=4000, default="", allow_blank=True)


BASED_ON = "as you read it; or send If-Match"


class BoardWrite(StrictSerializer):
    """A board as it is set up; high risk always takes two thirds."""

    name = serializers.CharField(max_length=120)
    unit = serializers.CharField(
        max_length=400, help_text="path or short name; it decides for all below, too"
    )
    quorum = serializers.IntegerField(min_value=rules.FEWEST_VOTES, max_value=30, default=3)
    majority = serializers.ChoiceField(choices=rules.Majority.values(), default="simple")
    vote_days = serializers.IntegerField(min_value=1, max_value=90, default=rules.VOTE_DAYS)
    casting_vote = serializers.BooleanField(default=False)
    members_return = serializers.BooleanField(default=False)
    delegates_minimal = serializers.BooleanField(default=False)
    open_threads = serializers.BooleanField(default=True)


class SeatWrite(StrictSerializer):
    """A seat for a discipline."""

    discipline = serializers.ChoiceField(choices=rules.Discipline.values())
    advisory = serializers.BooleanField(default=False, help_text="the affected business always advises")
    required = serializers.BooleanField(  # type: ignore[assignment]
        default=False, help_text="no decision without it, whatever the class of risk"
    )
    chairs = serializers.BooleanField(default=False)


class MemberWrite(StrictSerializer):
    """A person on a seat, for a term."""

    user = serializers.UUIDField()
    deputy = serializers.BooleanField(default=False)
    secretary = serializers.BooleanField(default=False, help_text="keeps the minutes of the board")
    starts_on = serializers.DateField(required=False, help_text="today, where it is left out")
    ends_on = serializers.DateField(required=False, allow_null=True, help_text="the last day; null: open")


class TermWrite(StrictSerializer):
    """When a term ends."""

    ends_on = serializers.DateField(allow_null=True, help_text="the last day; null: open")
    reason = serializers.CharField(max_length=2000)


class SecretaryWrite(StrictSerializer):
    """Whether a member keeps the minutes."""

    secretary = serializers.BooleanField()


class BoardSettings(StrictSerializer):
    """How a board works."""

    row_version = serializers.IntegerField(required=False, min_value=0, help_text=BASED_ON)
    reason = serializers.CharField(max_length=2000)
    vote_days = serializers.IntegerField(min_value=1, max_value=90, required=False)
    casting_vote = serializers.BooleanField(required=False)
    members_return = serializers.BooleanField(required=False)
    delegates_minimal = serializers.BooleanField(required=False)
    open_threads = serializers.BooleanField(required=False)


class BoardRuleWrite(StrictSerializer):
    """What a decision takes for one class of risk."""

    row_version = serializers.IntegerField(required=False, min_value=0, help_text=BASED_ON)
    risk = serializers.ChoiceField(choices=rules.Risk.values())
    reason = serializers.CharField(max_length=2000)
    quorum = serializers.IntegerField(min_value=rules.FEWEST_VOTES, max_value=30, required=False)
    majority = serializers.ChoiceField(choices=rules.Majority.values(), required=False)
    required = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(max_length=20), required=False, help_text="disciplines with a voting seat"
    )
