"""What a system and its data flows may be described as; pure, so that it can be read and tested alone."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

from portal.errors import N_


class Described(Enum):
    """An enum whose members carry an English sentence that is translated where it is shown."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> Self:
        member = object.__new__(cls)
        member._value_ = value
        member.sentence = sentence
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """(value, English sentence) pairs, in the order of definition."""
        return [(m.value, m.sentence) for m in cls]

    @classmethod
    def values(cls) -> list[str]:
        """The stored values, in the order of definition."""
        return [m.value for m in cls]


class SystemState(Described):
    """Where a system stands in the register."""

    DRAFT = "draft", N_("Draft")
    REGISTERED = "registered", N_("Registered")
    RETIRED = "retired", N_("Retired")
    DISCARDED = "discarded", N_("Discarded draft")


class ProviderRole(Described):
    """Whose duties under the AI Act the organisation has for a system."""

    PROVIDER = "provider", N_("Provider: we built it or put our name on it")
    DEPLOYER = "deployer", N_("Deployer: we use what another party provides")
    BOTH = "both", N_("Provider and deployer")


class Modality(Described):
    """What the emotion is read from."""

    TEXT = "text", N_("Written words")
    VOICE = "voice", N_("Tone of voice")
    FACE = "face", N_("Facial expression")
    BEHAVIOUR = "behaviour", N_("Posture, gait or keystroke rhythm")
    PHYSIOLOGY = "physiology", N_("Body signals such as heart rate")
    METADATA = "metadata", N_("Metadata such as times and counts")
    UNKNOWN = "unknown", N_("Not known yet")


# Biometric in the sense of Art 3(34) and 3(39) AI Act: bodily or behavioural traits, identified or not.
BIOMETRIC = frozenset(
    {Modality.VOICE.value, Modality.FACE.value, Modality.BEHAVIOUR.value, Modality.PHYSIOLOGY.value}
)


class SubjectRole(Described):
    """Whose emotion it is."""

    CUSTOMER = "customer", N_("Customer")
    EMPLOYEE = "employee", N_("Employee, also on probation or hired in")
    CANDIDATE = "candidate", N_("Job candidate")
    STUDENT = "student", N_("Student or pupil")
    VISITOR = "visitor", N_("Visitor or passer-by")
    UNKNOWN = "unknown", N_("Not known yet")


class Setting(Described):
    """Where it happens."""

    CONTACT_CENTRE = "contact_centre", N_("Contact centre, with a human agent")
    SELF_SERVICE = "self_service", N_("Chat or voice bot, without a human agent")
    WORKPLACE = "workplace", N_("Workplace")
    RECRUITMENT = "recruitment", N_("Recruitment")
    EDUCATION = "education", N_("Education or training institution")
    PUBLIC_SPACE = "public_space", N_("Shop, desk or other public space")
    UNKNOWN = "unknown", N_("Not known yet")


class Purpose(Described):
    """What the reading is for."""

    SERVICE = "service", N_("Serving the person in the conversation")
    SERVICE_QUALITY = "service_quality", N_("Improving the service as a whole")
    CUSTOMER_ANALYTICS = "customer_analytics", N_("Understanding customers")
    OFFERS = "offers", N_("Choosing or timing an offer")
    OWN_TRAINING = "own_training", N_("The person's own training")
    WORKER_EVALUATION = "worker_evaluation", N_("Monitoring or evaluating workers")
    WELLBEING = "wellbeing", N_("Well-being of groups of workers")
    OFFERING_HELP = "offering_help", N_("Offering help to a worker")
    MEDICAL = "medical", N_("A medical reason")
    SAFETY = "safety", N_("A safety reason")
    UNKNOWN = "unknown", N_("Not known yet")


class Output(Described):
    """What comes out."""

    EMOTION = "emotion", N_("An emotion or intention of one person")
    SENTIMENT = "sentiment", N_("Positive or negative tone of one message")
    AGGREGATE = "aggregate", N_("Figures about a group only")
    HEALTH = "health", N_("A sign of illness or burn-out")
    PHYSICAL_STATE = "physical_state", N_("A physical state only, such as fatigue or pain")
    EXPRESSION = "expression", N_("A visible expression only, such as a counted smile")
    UNKNOWN = "unknown", N_("Not known yet")


class Consequence(Described):
    """What follows for the person."""

    NONE = "none", N_("Nothing follows for the person")
    REPLY = "reply", N_("The answer is adapted")
    ROUTING = "routing", N_("The conversation is handed over or given priority")
    OFFER = "offer", N_("An offer is made or withheld")
    COACHING = "coaching", N_("Coaching is offered")
    HELP = "help", N_("Help is offered")
    HR_DECISION = "hr_decision", N_("It may count in a decision about work or study")
    UNKNOWN = "unknown", N_("Not known yet")


class Recipient(Described):
    """Who sees the result."""

    SYSTEM = "system", N_("Only the system itself")
    SUBJECT = "subject", N_("Only the person concerned")
    OPERATOR = "operator", N_("The staff member who helps the person")
    ANALYST = "analyst", N_("Analysts, as figures")
    OCCUPATIONAL_HEALTH = "occupational_health", N_("Occupational health service")
    MANAGER = "manager", N_("Managers")
    HR = "hr", N_("Human resources")
    UNKNOWN = "unknown", N_("Not known yet")


class Direction(Described):
    """Which side of its target a goal wants a figure on."""

    AT_LEAST = "at_least", N_("At least")
    AT_MOST = "at_most", N_("At most")


class Learning(Described):
    """Whether a system changes by what it meets in production."""

    NO = "no", N_("No: it changes only by a new version")
    PERIODIC = "periodic", N_("Periodically: retrained, each time as a new version")
    CONTINUOUS = "continuous", N_("Continuously: within declared limits")


class Strategy(Described):
    """How a system answers an emotion."""

    NONE = "none", N_("It does not answer: it only reports")
    ACKNOWLEDGE = "acknowledge", N_("Says that it noticed")
    ADAPT_TONE = "adapt_tone", N_("Adapts its own tone")
    DE_ESCALATE = "de_escalate", N_("Calms down")
    CLARIFY = "clarify", N_("Explains again, asks what is unclear")
    PRIORITISE = "prioritise", N_("Gives priority")
    HAND_OVER = "hand_over", N_("Hands over to a person")
    COACH = "coach", N_("Gives feedback or coaching")
    REFER = "refer", N_("Points to help elsewhere")
    OFFER = "offer", N_("Makes or times an offer")


class TransferTool(Described):
    """On what ground personal data may go to a vendor (GDPR 44-49)."""

    NONE_NEEDED = "none_needed", N_("None needed: the data stay in the EEA")
    ADEQUACY = "adequacy", N_("Adequacy decision")
    SCC = "scc", N_("Standard contractual clauses")
    BCR = "bcr", N_("Binding corporate rules")
    DEROGATION = "derogation", N_("Derogation of GDPR 49")
    MISSING = "missing", N_("None: there should be one")


class Audience(Described):
    """For whom a use is meant."""

    CUSTOMERS = "customers", N_("Customers")
    SERVICE_STAFF = "service_staff", N_("Staff who help customers")
    EMPLOYEES = "employees", N_("Employees, for themselves")
    LEADERS = "leaders", N_("Team leaders and managers")
    CANDIDATES = "candidates", N_("Job candidates")
    STUDENTS = "students", N_("Students or pupils")
    VISITORS = "visitors", N_("Visitors and passers-by")


class ContactRole(Described):
    """What a contact person answers for."""

    BUSINESS = "business", N_("Business: why we use it")
    TECHNICAL = "technical", N_("Technical: how it works")
    PRIVACY = "privacy", N_("Privacy: what is done with data")


class CostKind(Described):
    """What a planned amount is spent on."""

    LICENCE = "licence", N_("Licence")
    COMPUTING = "computing", N_("Computing")
    PROJECT = "project", N_("Building and connecting")
    OVERSIGHT = "oversight", N_("Human oversight and audits")
    TRAINING = "training", N_("Training of people")
    OTHER = "other", N_("Other costs")


class ReportState(Described):
    """What became of a report of an AI that is not in the register."""

    OPEN = "open", N_("Waits for an answer")
    DRAFT_MADE = "draft_made", N_("A draft was made in the register")
    NOT_AI = "not_ai", N_("Not AI that reads emotion")
    ALREADY_REGISTERED = "already_registered", N_("It is in the register already")


def sort_key(text: str) -> str:
    """A key that sorts 'Éclair' between 'eagle' and 'zebra' in a database with the C collation."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()[:200]


# --- what a change means ----------------------------------------------------------------------

FLOW_FACTS = ("modality", "subject_role", "setting", "purpose", "output", "consequence", "recipient")
FLOW_FIELDS = ("name", *FLOW_FACTS, "facts")
FLOW_ENUMS: dict[str, type[Described]] = {
    "modality": Modality,
    "subject_role": SubjectRole,
    "setting": Setting,
    "purpose": Purpose,
    "output": Output,
    "consequence": Consequence,
    "recipient": Recipient,
}
ANSWERS = ("yes", "no", "not_applicable")

RESERVED_SLUGS = frozenset({"new", "preview", "import", "export"})  # words of the addresses of pages
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+\Z")


@dataclass(frozen=True)
class Change:
    """One field that differs between two states of a record."""

    field: str
    before: Any
    after: Any
    material: bool


def diff(
    before: Mapping[str, Any], after: Mapping[str, Any], material: Iterable[str] = frozenset()
) -> list[Change]:
    """The fields of `after` that differ from `before`; a field that `before` did not have yet counts as None."""
    marked = frozenset(material)
    return [
        Change(name, before.get(name), value, name in marked)
        for name, value in after.items()
        if before.get(name) != value
    ]


def is_material(changes: Iterable[Change]) -> bool:
    """True where one of the changes touches what a board approved."""
    return any(change.material for change in changes)


def flow_errors(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is wrong with the description of a data flow, as rows of field, code and message."""
    errors = []
    for field, enum in FLOW_ENUMS.items():
        if field in values and values[field] not in enum.values():
            errors.append(
                {"field": field, "code": "unknown_value", "message": N_("This is not one of the choices.")}
            )
    facts = values.get("facts", {})
    if not isinstance(facts, Mapping) or any(answer not in (*ANSWERS, None) for answer in facts.values()):
        errors.append(
            {
                "field": "facts",
                "code": "unknown_value",
                "message": N_("Answer with yes, no or not_applicable."),
            }
        )
    return errors
