"""The rest of what the example's register says: vendors, mission, uses, hand-over points, people, costs, a draft."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from governance.registry import drafts, parts, reports, vendors
from governance.registry.models import MissionStatement, System, Vendor
from portal.accounts.models import Unit, User
from portal.example.register import ROOT

VENDORS: tuple[dict[str, Any], ...] = (
    {
        "slug": "stemlicht", "name": "Stemlicht B.V.", "contract_reference": "contract 2025-114",
        "contract_days": 120, "transfer_tool": "none_needed", "transfer_reference": "",
        "contact_name": "Service desk", "contact_email": "support@stemlicht.example",
    },
    {
        "slug": "brightwell", "name": "Brightwell Inc.", "contract_reference": "contract 2025-131",
        "contract_days": 30, "transfer_tool": "scc",
        "transfer_reference": "standard clauses, module 2, signed 3 Nov 2025",
        "contact_name": "Privacy team", "contact_email": "privacy@brightwell.example",
    },
)  # fmt: skip
MISSION = (
    "Every customer feels heard, by a person when it matters.",
    "We only act on an emotion that we read well.",
    "Customers recommend us because we are there for them.",
    "People understand what our technology does and trust it.",
)
TRAINING = {
    "linde-chat": "4,100 sentences of the public TweetEval set in English, and 2,300 Dutch ones written for this by "
    "staff. No customers' messages. Turkish only from translation.",
    "call-tone": "Acted speech of 24 speakers, according to the vendor. No recordings of our customers.",
    "well-being": "Public data of the vendor; no writing of our colleagues.",
    "leader-coach": "None: a lexicon that people scored word by word.",
    "claims-mail": "Public data of the vendor, tested on 400 letters without names.",
}
_NEVER = "Never to judge a colleague, to set a premium or to refuse a claim."
# system -> vendor, learning, strategies, (use case), (hand-over), units that use it, costs per year
DESCRIBED: dict[str, dict[str, Any]] = {
    "linde-chat": {
        "learning": "periodic", "strategies": ["acknowledge", "clarify", "hand_over"],
        "use": ("Questions in the chat", "customers", "self_service", "service",
                "The chatbot answers in a calmer tone and hands over when somebody is angry or sad.", _NEVER),
        "hand_over": ("Anger or sadness", "Twice in a row anger or sadness, or the customer asks for a person.",
                      "Colleagues of the contact centre", 2),
        "used_by": ("contact-centre",),
        "costs": (("licence", "Computing", "112800", "budget 2026"), ("oversight", "Audits", "49200", "budget 2026")),
    },
    "call-tone": {
        "vendor": "stemlicht", "learning": "continuous", "learning_figure": "accuracy",
        "learning_max_deviation": Decimal("0.05"), "learning_window_days": 30,
        "learning_checks": "Every month 300 calls are labelled by two raters before what was learned stays.",
        "strategies": ["prioritise", "hand_over"],
        "use": ("Help during a call", "service_staff", "contact_centre", "service",
                "The colleague on the line sees a sign that a team leader can help.", _NEVER),
        "hand_over": ("Distress on the line", "The customer sounds distressed for more than half a minute.",
                      "Team leader on duty", 0),
        "used_by": ("contact-centre",),
        "costs": (("licence", "Licence", "93600", "contract 2025-114"),),
    },
    "well-being": {
        "vendor": "brightwell", "learning": "no", "strategies": ["none"],
        "use": ("Figures about teams", "employees", "workplace", "wellbeing",
                "Teams of ten and more see how they are doing as a group.",
                "Never about one person, never for HR files."),
        "hand_over": ("Somebody asks for help", "A colleague ticks 'I want to talk to somebody'.",
                      "Occupational health service", 60),
        "used_by": ("human-resources",),
        "costs": (("licence", "Licence", "21600", "contract 2025-131"),),
    },
    "leader-coach": {
        "learning": "no", "strategies": ["coach"],
        "use": ("Practice of conversations", "leaders", "workplace", "own_training",
                "A team leader writes a difficult message and gets feedback on its tone.", "Never to assess a leader."),
        "hand_over": ("Practice is too hard", "The leader asks for a person.", "A coach of human resources", 1440),
        "used_by": ("human-resources",),
        "costs": (("project", "Building", "18000", "estimate"),),
    },
    "claims-mail": {
        "vendor": "stemlicht", "learning": "no", "strategies": ["prioritise"],
        "use": ("Letters about claims", "customers", "contact_centre", "service",
                "Letters of people in distress come on top of the pile.", _NEVER),
        "hand_over": ("Every letter", "Always: a person reads and answers each letter.", "Claims handlers", 480),
        "used_by": ("customer-service",),
        "costs": (("licence", "Licence", "14400", "quotation of October"),),
    },
}  # fmt: skip
FIELDS = (
    "learning", "learning_figure", "learning_max_deviation", "learning_window_days", "learning_checks", "strategies"
)  # fmt: skip


def before_systems(cast: dict[str, User], units: dict[str, Unit]) -> None:
    """Vendors and mission; the owner of most systems looks after them."""
    for row in VENDORS:
        said = {name: value for name, value in row.items() if name != "contract_days"}
        until = timezone.now().date() + timedelta(days=row["contract_days"])
        vendors.add_vendor(by=cast["owner"], unit=units["customer-service"], contract_until=until, **said)
    for text in MISSION:
        vendors.add_mission(by=cast["owner"], unit=units["customer-service"], text=text)


def mission(text: str) -> MissionStatement | None:
    """The statement with these words, where the organisation wrote it down."""
    return MissionStatement.objects.filter(text=text).first()


def fields_of(slug: str) -> dict[str, Any]:
    """More fields of a system, for `register_system`."""
    row = DESCRIBED[slug]
    found = {name: row[name] for name in FIELDS if name in row}
    if "vendor" in row:
        found["vendor"] = Vendor.objects.get(slug=row["vendor"])
    return found


def parts_of(system: System, cast: dict[str, User], units: dict[str, Unit], at: datetime) -> None:
    """Uses, hand-over points, units, people and costs of a system."""
    row, owner = DESCRIBED[system.slug], system.owner
    common: dict[str, Any] = {"system": system, "by": owner, "effective_at": at}
    name, audience, setting, purpose, description, prohibited = row["use"]
    parts.add_part(
        kind="use_case", name=name, audience=audience, setting=setting, purpose=purpose, description=description,
        prohibited=prohibited, **common,
    )  # fmt: skip
    name, trigger, to_whom, minutes = row["hand_over"]
    parts.add_part(
        kind="hand_over", name=name, trigger=trigger, to_whom=to_whom, within_minutes=minutes, **common
    )
    for unit in row["used_by"]:
        parts.add_part(kind="unit_use", unit=units[unit], note="", **common)
    for role, who in (("business", owner), ("technical", cast["technology"]), ("privacy", cast["dpo"])):
        parts.add_part(kind="contact", role=role, person=who, **common)
    for category, name, amount, source in row["costs"]:
        parts.add_part(
            kind="cost",
            year=at.year + 1,
            category=category,
            name=name,
            amount=Decimal(amount),
            source=source,
            **common,
        )


def after_systems(cast: dict[str, User], units: dict[str, Unit]) -> None:
    """A draft that is half described, and two reports: one that waits, one that was answered."""
    drafts.start_draft(
        by=cast["owner"], unit=units["customer-service"], name="Queue Mood", slug="queue-mood",
        description="Would show the mood of the people who wait at our desks, counted from a camera.",
        provider_role="deployer",
    )  # fmt: skip
    reports.report_ai(
        by=cast["manager"], unit=units["customer-service"], name="Summary tool of the claims team",
        what="It summarises letters and adds a smiley for the mood of the sender.", where_used="Claims, second floor",
        used_by="Four claims handlers", reads_emotion="yes",
    )  # fmt: skip
    report = reports.report_ai(
        by=cast["supervisor"], unit=units[ROOT], name="Spelling checker", what="Underlines words in mails.",
        where_used="Everywhere", used_by="Everybody", reads_emotion="no",
    )  # fmt: skip
    reports.answer_report(
        report=report, outcome="not_ai", by=cast["dpo"],
        answer="Thank you for asking. It compares words with a list and reads nothing about people.",
    )  # fmt: skip
