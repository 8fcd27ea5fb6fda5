"""The one table of what a record of the register holds: each field with its words, kind, step and weight.

Forms, the API, checks, history, import and export read it. `material`: a change takes what was approved out of force.
`needed`: without it a draft cannot be registered. Pure.
"""

from dataclasses import dataclass, field

from governance.registry import rules
from governance.registry.rules import Described
from portal.errors import N_

SCHEMA = 1
"""Of the content of a record; a field that an older record lacks was not recorded yet."""


@dataclass(frozen=True)
class Field:
    """One field. `kind` says how it is typed, checked, shown and stored:

    text, long, email, number, decimal, date, choice, choices, labels, mapping, groups, codes, answers, and what is
    kept somewhere else: figure, vendor, person, unit, mission.
    """

    name: str
    label: str
    kind: str = "text"
    material: bool = False
    needed: bool = False
    longest: int = 0
    enum: type[Described] | None = None
    help: str = ""
    least: int = 0
    most: int = 1_000_000  # of a number
    places: int = 4  # of a decimal


@dataclass(frozen=True)
class PartKind:
    """A kind of rows that belong to a system. `key`: the fields that tell one row from another in a file."""

    kind: str
    plural: str  # in addresses, files and the API
    one: str
    many: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    material: bool = False  # a row more or less is a material change
    removable: bool = True
    lead: str = ""  # the field that stands for the row in a list

    @property
    def by_name(self) -> dict[str, Field]:
        """Its fields by name."""
        return {one.name: one for one in self.fields}

    @property
    def material_fields(self) -> frozenset[str]:
        """The fields whose change is material."""
        return frozenset(one.name for one in self.fields if one.material)


@dataclass(frozen=True)
class Step:
    """One step of describing a system: some of its own fields, or rows of some kinds."""

    key: str
    title: str
    intro: str
    fields: tuple[Field, ...] = ()
    parts: tuple[str, ...] = field(default=())


_FLOW_LABELS = {
    "modality": N_("What it reads"),
    "subject_role": N_("Whose emotion"),
    "setting": N_("Where"),
    "purpose": N_("What for"),
    "output": N_("What comes out"),
    "consequence": N_("What follows for the person"),
    "recipient": N_("Who sees the result"),
}

VERSION = PartKind(
    "version", "versions", N_("Version"), N_("Versions"),
    (
        Field("name", N_("Version"), material=True, needed=True, longest=60),
        Field("released_on", N_("Released on"), "date", True, True),
        Field("model", N_("Model"), material=True, longest=200),
        Field(
            "training_data", N_("Training data, in short"), "long", material=True, longest=4000,
            help=N_("Which data, of whom, from when, in which languages; what was left out."),
        ),
        Field("notes", N_("What changed"), "long", longest=4000),
    ),
    key=("name",), material=True, removable=False, lead="name",
)  # fmt: skip
FLOW = PartKind(
    "flow", "flows", N_("Data flow"), N_("Data flows"),
    (
        Field("slug", N_("Short name"), needed=True, longest=60),
        Field("name", N_("Name"), needed=True, longest=120),
        *(Field(n, _FLOW_LABELS[n], "choice", True, True, enum=rules.FLOW_ENUMS[n]) for n in rules.FLOW_FACTS),
        Field("facts", N_("Answers to the questions of the law"), "answers", material=True),
    ),
    key=("slug",), material=False, removable=False, lead="name",
)  # fmt: skip
USE_CASE = PartKind(
    "use_case", "use-cases", N_("Use case"), N_("Use cases"),
    (
        Field("name", N_("Name"), needed=True, longest=120),
        Field("description", N_("What happens, in plain language"), "long", longest=2000),
        Field("audience", N_("For whom"), "choice", True, True, enum=rules.Audience),
        Field("setting", N_("Where"), "choice", True, True, enum=rules.Setting),
        Field("purpose", N_("What for"), "choice", True, True, enum=rules.Purpose),
        Field("prohibited", N_("What it may not be used for"), "long", True, True, longest=2000),
    ),
    key=("name",), material=True, lead="name",
)  # fmt: skip
HAND_OVER = PartKind(
    "hand_over", "hand-overs", N_("Hand-over point"), N_("Hand-over points"),
    (
        Field("name", N_("Name"), needed=True, longest=120),
        Field("trigger", N_("When a person takes over"), "long", True, True, longest=1000),
        Field("to_whom", N_("To whom"), material=True, needed=True, longest=200),
        Field("within_minutes", N_("Within (minutes)"), "number", True, True, most=525_600,
              help=N_("0: at once, while the person is still there.")),
    ),
    key=("name",), material=True, lead="name",
)  # fmt: skip
UNIT_USE = PartKind(
    "unit_use", "units", N_("Unit that uses it"), N_("Units that use it"),
    (
        Field("unit", N_("Unit"), "unit", True, True),
        Field("note", N_("How it uses it"), longest=400),
    ),
    key=("unit",), material=True, lead="unit",
)  # fmt: skip
CONTACT = PartKind(
    "contact", "contacts", N_("Contact person"), N_("Contact people"),
    (
        Field("role", N_("For what"), "choice", needed=True, enum=rules.ContactRole),
        Field("person", N_("Person"), "person", needed=True),
    ),
    key=("role", "person"), lead="person",
)  # fmt: skip
GOAL = PartKind(
    "goal", "goals", N_("Goal"), N_("Goals"),
    (
        Field("statement", N_("What it means for people"), "long", needed=True, longest=1000),
        Field(
            "mission", N_("Statement of our mission it serves"), "mission",
            help=N_("Needed to register, where our mission is written down."),
        ),
        Field("kpi", N_("Figure"), "figure", needed=True, longest=60),
        Field("direction", N_("Direction"), "choice", needed=True, enum=rules.Direction),
        Field("target", N_("Target"), "decimal", needed=True, least=-1),
        Field("due_on", N_("Due by"), "date", needed=True),
    ),
    key=("kpi", "due_on"), lead="statement",
)  # fmt: skip
COST = PartKind(
    "cost", "costs", N_("Planned cost"), N_("Planned costs"),
    (
        Field("year", N_("Year"), "number", needed=True, least=2000, most=2200),
        Field("category", N_("Kind of cost"), "choice", needed=True, enum=rules.CostKind),
        Field("name", N_("Name"), needed=True, longest=120),
        Field("amount", N_("Amount (EUR)"), "decimal", needed=True, places=2),
        Field("source", N_("Source of the amount"), needed=True, longest=200),
    ),
    key=("year", "category", "name"), lead="name",
)  # fmt: skip
PARTS: dict[str, PartKind] = {
    one.kind: one
    for one in (VERSION, UNIT_USE, CONTACT, USE_CASE, HAND_OVER, FLOW, GOAL, COST)
}  # fmt: skip
# what an approval covers besides its version and its data flows: a row more or less, or a material field of one
APPROVED_PARTS: tuple[PartKind, ...] = tuple(
    one for one in PARTS.values() if one not in (VERSION, FLOW) and (one.material or one.material_fields)
)

STEPS: tuple[Step, ...] = (
    Step(
        "basics", N_("Basics"), N_("What is it, and whose is it?"),
        (
            Field("name", N_("Name"), needed=True, longest=120),
            Field("description", N_("What it does, in plain language"), "long", needed=True, longest=4000,
                  help=N_("As you would tell somebody whose emotion it reads.")),
            Field("owner", N_("Owner"), "person", needed=True),
            Field("provider_role", N_("Our role under the AI Act"), "choice", True, True, enum=rules.ProviderRole),
            Field("link_template", N_("Address of a conversation in the system"), longest=400,
                  help=N_("With {id} where its own id goes. The portal keeps no text.")),
        ),
    ),
    Step(
        "vendor", N_("Vendor"), N_("Who provides it to us, under which contract?"),
        (Field("vendor", N_("Vendor"), "vendor", True),),
    ),
    Step("versions", N_("Versions"), N_("What runs, since when, and what it was trained on."), parts=("version",)),
    Step(
        "learning", N_("Learning"), N_("Does it change by what it meets in production?"),
        (
            Field("learning", N_("Learns in production"), "choice", True, True, enum=rules.Learning),
            Field("learning_figure", N_("Figure that must hold"), "figure", True, longest=60,
                  help=N_("Only for continuous learning: the figure by which drift is judged.")),
            Field("learning_max_deviation", N_("Largest deviation"), "decimal", True,
                  help=N_("In the unit of the figure; beyond it the approval is void.")),
            Field("learning_window_days", N_("Over a window of (days)"), "number", True, least=1, most=3660),
            Field("learning_checks", N_("How it is checked what it learned"), "long", True, longest=2000),
        ),
    ),
    Step(
        "labels", N_("Emotion labels"), N_("Which emotions does it name, and what are they in the shared scheme?"),
        (
            Field("labels", N_("Emotion labels"), "labels", True, True),
            Field("label_map", N_("Mapping onto the shared scheme"), "mapping", True, True),
            Field("dimensions", N_("Groups to compare"), "groups",
                  help=N_("One a line: 'language: nl, en'. Only declared groups are stored with an interaction.")),
        ),
    ),
    Step(
        "languages", N_("Languages"), N_("In which languages does it read?"),
        (Field("languages", N_("Languages"), "codes", True, True,
               help=N_("Codes divided by commas, such as nl, en.")),),
    ),
    Step(
        "strategies", N_("Response"), N_("What does it do with an emotion that it noticed?"),
        (
            Field("strategies", N_("Response strategies"), "choices", True, True, enum=rules.Strategy),
            Field("strategy_note", N_("In your own words"), "long", longest=2000),
        ),
    ),
    Step("units", N_("Units and people"), N_("Who uses it, and whom do we ask?"), parts=("unit_use", "contact")),
    Step("use-cases", N_("Use cases"), N_("What is it for, and what may it never be used for?"), parts=("use_case",)),
    Step("hand-overs", N_("Hand-over"), N_("When does a person take over?"), parts=("hand_over",)),
    Step("flows", N_("Data flows"), N_("What is read of whom: each flow is screened by the law."), parts=("flow",)),
    Step("goals", N_("Goals"), N_("What must become better for people, by which figure and when?"), parts=("goal",)),
    Step("costs", N_("Costs"), N_("What is it planned to cost, year by year?"), parts=("cost",)),
)  # fmt: skip
STEP: dict[str, Step] = {step.key: step for step in STEPS}
SYSTEM: dict[str, Field] = {one.name: one for step in STEPS for one in step.fields}
MATERIAL_SYSTEM_FIELDS: frozenset[str] = frozenset(name for name, one in SYSTEM.items() if one.material)
MATERIAL_FLOW_FIELDS: frozenset[str] = FLOW.material_fields
# what a record says of the system besides: its place and state, which no step changes
FIXED: dict[str, Field] = {
    one.name: one
    for one in (
        Field("slug", N_("Short name")),
        Field("unit", N_("Unit"), "unit"),
        Field("state", N_("State"), "choice", enum=rules.SystemState),
    )
}
VENDOR: tuple[Field, ...] = (
    Field("name", N_("Name"), needed=True, longest=120),
    Field("contract_reference", N_("Reference of the contract"), longest=200),
    Field("contract_until", N_("Contract ends on"), "date"),
    Field("transfer_tool", N_("Transfer tool"), "choice", material=True, enum=rules.TransferTool,
          help=N_("On what ground personal data may leave the EEA, if they do (GDPR 44-49).")),
    Field("transfer_reference", N_("Where that document is"), longest=200),
    Field("contact_name", N_("Contact person"), longest=120),
    Field("contact_email", N_("E-mail address"), "email", longest=254),
)  # fmt: skip
MATERIAL_VENDOR_FIELDS: frozenset[str] = frozenset(one.name for one in VENDOR if one.material)


def step_of(name: str) -> str:
    """The step at which a field of the system, or a kind of rows, is described."""
    for step in STEPS:
        if name in step.parts or any(one.name == name for one in step.fields):
            return step.key
    return STEPS[0].key
