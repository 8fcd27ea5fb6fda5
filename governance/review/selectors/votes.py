"""The votes of a request: what they take, which count, what they decide, which may be read."""

import datetime as dt

from django.db.models import QuerySet

from governance.review import rules
from governance.review.models import DeploymentRequest, Round, Vote
from governance.review.selectors.boards import conflicted, current_round, rule_now, voting_seats


def rule_of(request: DeploymentRequest) -> rules.DecisionRule:
    """What the decision takes: as it was at the submission; while the requester has the file, as the board says now."""
    return _rule(request, current_round(request))


def _rule(request: DeploymentRequest, round_: Round | None) -> rules.DecisionRule:
    if round_ is None or request.state in ("draft", "returned"):
        return rule_now(request.board, request.risk)
    return rules.DecisionRule(round_.quorum, round_.majority, tuple(round_.required), round_.casting_vote)


def left_out(request: DeploymentRequest) -> list[str]:
    """The seats whose vote in the latest round does not count, because who cast it has become the owner since.

    Once the round ended: as it was then.
    """
    round_ = current_round(request)
    return _left_out(request, round_, _votes(round_))


def _left_out(request: DeploymentRequest, round_: Round | None, votes: list[Vote]) -> list[str]:
    if round_ is None or not votes:
        return []
    if round_.ended_at is not None:
        return list(round_.left_out)
    barred = conflicted(request)
    return sorted(vote.seat.discipline for vote in votes if vote.cast_by_id in barred)


def counted_votes(request: DeploymentRequest) -> list[Vote]:
    """The votes of the latest round that count, the first cast first. For services, as `tally`."""
    round_ = current_round(request)
    return _counted(request, round_, _votes(round_))


def _counted(request: DeploymentRequest, round_: Round | None, votes: list[Vote]) -> list[Vote]:
    out = _left_out(request, round_, votes)
    return [vote for vote in votes if vote.counted and vote.seat.discipline not in out]


def _votes(round_: Round | None) -> list[Vote]:
    return list(round_.votes.select_related("seat")) if round_ else []


def tally(request: DeploymentRequest, on: dt.date, closing: bool = False) -> rules.Tally:
    """The votes of the latest round and what they decide; `closing`: the vote closes now. For services, not pages:
    while the vote is open only `progress` may be told."""
    round_ = current_round(request)
    votes = _votes(round_)
    casts = [
        rules.Cast(vote.seat.discipline, vote.choice, chair=vote.seat.chairs)
        for vote in _counted(request, round_, votes)
    ]
    if request.delegated:
        return rules.delegated_outcome(casts)
    # a seat has voted also where its vote is left out: a seat votes once a round
    voted = {vote.seat_id for vote in votes}
    rule = _rule(request, round_)
    return rules.outcome(
        casts,
        quorum=rule.quorum,
        majority=rule.majority,
        required=rule.required,
        all_in=closing or all(h.seat.pk in voted for h in voting_seats(request, on)),
        casting_vote=rule.casting_vote,
    )


def progress(request: DeploymentRequest, on: dt.date) -> rules.Progress:
    """How many counted votes are in, of how many that it takes."""
    found = tally(request, on)
    return rules.Progress(found.cast, found.needed)


def votes_shown(request: DeploymentRequest) -> QuerySet[Vote]:
    """The votes that may be read: those of rounds that ended, none of the open one."""
    rows = request.votes.select_related("seat", "cast_by", "round")
    return rows.filter(round__ended_at__isnull=False)
