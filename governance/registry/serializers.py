"""Shapes of the register in the API."""

from collections.abc import Iterable, Mapping
from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from governance.registry import content, exchange, rules
from governance.registry.fields import PARTS, SYSTEM, VENDOR, Field, PartKind
from governance.registry.models import DataFlow, System, SystemRevision, UnlistedReport
from portal.errors import Invalid
from portal.web.rest import StrictSerializer


def page_of(shape: type[serializers.Serializer[Any]]) -> Any:
    """A cursor page of a shape, for the OpenAPI document."""
    fields = {
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": shape(many=True),
    }
    return inline_serializer(name=f"{shape.__name__}Page", fields=fields)


_REFERENCES = {
    "vendor": "short name of the vendor",
    "person": "e-mail address of the person",
    "unit": "path of the unit, such as /organisation/claims/",
    "mission": "the statement, word for word",
}


def api_field(one: Field, *, needed: bool = False) -> serializers.Field[Any, Any, Any, Any]:
    """The field of a write for a field of the table; what it refers to is named, see `resolved`."""
    common: dict[str, Any] = {"required": needed}
    if one.kind in _REFERENCES:
        return serializers.CharField(
            **common, allow_null=True, max_length=400, help_text=_REFERENCES[one.kind]
        )
    values = one.enum.values() if one.enum else []
    text: dict[str, Any] = {**common, "allow_blank": not needed}
    makers: dict[str, Any] = {
        "choice": lambda: serializers.ChoiceField(choices=values, **text),
        "choices": lambda: serializers.ListField(child=serializers.ChoiceField(choices=values), **common),
        "labels": lambda: serializers.ListField(
            child=serializers.CharField(max_length=60), max_length=100, **common
        ),
        "codes": lambda: serializers.ListField(
            child=serializers.CharField(max_length=12), max_length=100, **common
        ),
        "mapping": lambda: serializers.DictField(child=serializers.CharField(max_length=60), **common),
        "groups": lambda: serializers.DictField(
            child=serializers.ListField(child=serializers.CharField(max_length=60)), **common
        ),
        "number": lambda: serializers.IntegerField(
            min_value=one.least, max_value=one.most, allow_null=not needed, **common
        ),
        "decimal": lambda: serializers.DecimalField(
            max_digits=14, decimal_places=one.places, allow_null=not needed, **common
        ),
        "date": lambda: serializers.DateField(allow_null=not needed, **common),
        "email": lambda: serializers.EmailField(max_length=one.longest, **text),
        "figure": lambda: serializers.SlugField(max_length=60, **text),
    }
    maker = makers.get(one.kind)
    return maker() if maker else serializers.CharField(max_length=one.longest or 400, **text)


def _write(name: str, table: Iterable[Field], doc: str, /, *, partial: bool, **more: Any) -> Any:
    """A serializer class for writing some fields of the table."""
    made = {one.name: api_field(one, needed=one.needed and not partial) for one in table}
    return type(name, (StrictSerializer,), {**made, **more, "__doc__": doc})


def _lock() -> dict[str, Any]:
    lock = serializers.IntegerField(required=False, min_value=1, help_text="or send If-Match")
    return {"row_version": lock, **_why()}


def _why() -> dict[str, Any]:
    """The reason of a change; the service says where it is needed."""
    return {"reason": serializers.CharField(required=False, max_length=400, allow_blank=True)}


def _slug_and_unit() -> dict[str, Any]:
    return {
        "slug": serializers.SlugField(max_length=60),
        "unit": serializers.CharField(max_length=400, help_text="short name of the unit, or its path"),
    }


SystemWrite = _write(
    "SystemWrite", [one for one in SYSTEM.values() if one.name != "name"], "A draft of a system.", partial=True,
    name=serializers.CharField(max_length=120), **_slug_and_unit(),
)  # fmt: skip
SystemChange = _write(
    "SystemChange", SYSTEM.values(), "Fields of a system to change.", partial=True, **_lock()
)
VendorWrite = _write("VendorWrite", VENDOR, "A vendor.", partial=False, **_slug_and_unit())
VendorChange = _write("VendorChange", VENDOR, "Fields of a vendor to change.", partial=True, **_lock())


def part_write(part: PartKind) -> Any:
    """The shape of a new row of a kind; a new version says why in its notes."""
    why = _why() if part.material and part.kind != "version" else {}
    return _write(f"{_camel(part)}Write", part.fields, f"{part.one}.", partial=False, **why)


def part_change(part: PartKind) -> Any:
    """The shape of a change of a row of a kind."""
    return _write(
        f"{_camel(part)}Change", part.fields, f"Fields to change of: {part.one}.", partial=True, **_lock()
    )


def part_shape(part: PartKind) -> Any:
    """The shape of a row of a kind as it is read."""
    known = {"id": serializers.UUIDField(), "row_version": serializers.IntegerField()}
    return _read(f"{_camel(part)}Shape", part.fields, f"{part.one} as it is read.", **known)


def _read(name: str, table: Iterable[Field], doc: str, /, **more: Any) -> Any:
    made = {one.name: api_field(one) for one in table}
    return type(name, (serializers.Serializer,), {**more, **made, "__doc__": doc})


def _camel(part: PartKind) -> str:
    return "".join(word.capitalize() for word in part.kind.split("_"))


def resolved(table: Mapping[str, Field], values: Mapping[str, Any], by: Any) -> dict[str, Any]:
    """Validated values with what they name as objects. Raises Invalid for what is not there or not in view."""
    find, found, faults = exchange.finder(by), {}, []
    for name, value in values.items():
        one = table[name]
        if one.kind not in _REFERENCES:
            found[name] = value
            continue
        try:
            found[name] = exchange.value_of(one, value, find)
        except exchange.Fault as fault:
            faults.append({"field": name, "code": fault.code, "message": fault.message})
    if faults:
        raise Invalid(faults)
    return found


class VersionBrief(serializers.Serializer[Any]):
    """A version inside its system."""

    id = serializers.UUIDField()
    row_version = serializers.IntegerField()
    name = serializers.CharField()
    released_on = serializers.DateField()
    model = serializers.CharField()
    training_data = serializers.CharField()
    notes = serializers.CharField()


SystemShape = _read(
    "SystemShape", [one for one in SYSTEM.values() if one.name != "owner"], "A system as it is read.",
    id=serializers.UUIDField(),
    slug=serializers.CharField(),
    unit=serializers.CharField(),
    owner=serializers.UUIDField(),
    state=serializers.CharField(),
    versions=VersionBrief(many=True),
    flows=serializers.ListField(child=serializers.CharField()),
    row_version=serializers.IntegerField(),
    created_at=serializers.DateTimeField(),
)  # fmt: skip
VendorShape = _read(
    "VendorShape", VENDOR, "A vendor as it is read.",
    slug=serializers.CharField(), unit=serializers.CharField(), row_version=serializers.IntegerField(),
)  # fmt: skip


class MissionWrite(StrictSerializer):
    """A statement of the mission."""

    text = serializers.CharField(max_length=400)
    unit = serializers.CharField(max_length=400, help_text="short name of the unit, or its path")


class MissionChange(StrictSerializer):
    """Other words for a statement."""

    text = serializers.CharField(max_length=400)
    row_version = serializers.IntegerField(required=False, min_value=1, help_text="or send If-Match")


class MissionShape(serializers.Serializer[Any]):
    """A statement of the mission as it is read."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    unit = serializers.CharField()
    row_version = serializers.IntegerField()


class ReportWrite(StrictSerializer):
    """An AI that is not in the register."""

    name = serializers.CharField(max_length=120)
    what = serializers.CharField(max_length=2000)
    where_used = serializers.CharField(max_length=200, required=False, allow_blank=True)
    used_by = serializers.CharField(max_length=200, required=False, allow_blank=True)
    reads_emotion = serializers.ChoiceField(choices=["yes", "no", "unknown"], required=False)
    unit = serializers.CharField(max_length=400, required=False, help_text="path of the unit, if you know it")


class ReportAnswer(StrictSerializer):
    """What becomes of a report; `system`: which system it is already (its short name), or that of the new draft."""

    outcome = serializers.ChoiceField(choices=["draft_made", "not_ai", "already_registered"])
    answer = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    system = serializers.SlugField(max_length=60, required=False)


class ReportShape(serializers.Serializer[Any]):
    """A report as it is read."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    what = serializers.CharField()
    where_used = serializers.CharField()
    used_by = serializers.CharField()
    reads_emotion = serializers.CharField()
    unit = serializers.CharField()
    state = serializers.CharField()
    answer = serializers.CharField()
    created_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


class RevisionShape(serializers.Serializer[Any]):
    """One kept state of a record; its content by `GET …/revisions/{number}`."""

    number = serializers.IntegerField()
    act = serializers.CharField()
    reason = serializers.CharField()
    made_at = serializers.DateTimeField()
    made_by = serializers.CharField()
    sha256 = serializers.CharField()


class RecordDifferenceShape(serializers.Serializer[Any]):
    """One field that differs, in the words of the caller's language."""

    field = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    before_quiet = serializers.BooleanField(
        help_text="'before' is a remark (not there, not recorded yet), no value"
    )
    after_quiet = serializers.BooleanField(help_text="likewise 'after'")
    material = serializers.BooleanField()


class ImportShape(serializers.Serializer[Any]):
    """What an import did, or would do: per entry made, changed, same or refused, with the faults by field."""

    dry_run = serializers.BooleanField()
    applied = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    lines = serializers.ListField(child=serializers.DictField())


class ImportJobShape(serializers.Serializer[Any]):
    """A large import: where it stands, and once it is done counts and the first thousand faults with their places."""

    id = serializers.UUIDField()
    dry_run = serializers.BooleanField()
    state = serializers.CharField()
    progress = serializers.IntegerField(help_text="Percent of the entries that were looked at.")
    error = serializers.CharField()
    result = serializers.DictField(allow_null=True)


class FlowWrite(StrictSerializer):
    """A data flow as it is described; `facts` answers the questions of the law by yes, no or not_applicable."""

    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=120)
    modality = serializers.ChoiceField(choices=rules.Modality.values())
    subject_role = serializers.ChoiceField(choices=rules.SubjectRole.values())
    setting = serializers.ChoiceField(choices=rules.Setting.values())
    purpose = serializers.ChoiceField(choices=rules.Purpose.values())
    output = serializers.ChoiceField(choices=rules.Output.values())
    consequence = serializers.ChoiceField(choices=rules.Consequence.values())
    recipient = serializers.ChoiceField(choices=rules.Recipient.values())
    facts = serializers.DictField(child=serializers.CharField(allow_null=True), default=dict)


class FlowShape(FlowWrite):
    """A data flow as it is read, with its current legal outcome."""

    id = serializers.UUIDField()
    row_version = serializers.IntegerField()
    outcome = serializers.CharField(allow_null=True)
    signature = serializers.ChoiceField(
        choices=["unsigned", "signed", "signature_ends_soon", "screening_expired"],
        help_text="Where the signature under the legal outcome stands today; it holds for twelve months.",
    )


def system_shape(system: System) -> dict[str, Any]:
    """A system as the API gives it; reads vendor, versions and flows (prefetch them for lists)."""
    fields = {name: content.plain(one, system) for name, one in SYSTEM.items()}
    return {
        "id": system.pk,
        "slug": system.slug,
        **fields,
        "unit": system.unit.slug,
        "state": system.state,
        "versions": [content.of_part(PARTS["version"], version) for version in system.versions.all()],
        "flows": [flow.slug for flow in system.flows.all()],
        "row_version": system.row_version,
        "created_at": system.created_at,
    }


def report_shape(report: UnlistedReport) -> dict[str, Any]:
    """A report as the API gives it."""
    names = (
        "name",
        "what",
        "where_used",
        "used_by",
        "reads_emotion",
        "state",
        "answer",
        "created_at",
        "answered_at",
    )
    return {"id": report.pk, "unit": report.unit.path, **{name: getattr(report, name) for name in names}}


def revision_shape(revision: SystemRevision) -> dict[str, Any]:
    """A kept state as the API lists it."""
    names = ("number", "act", "reason", "made_at", "made_by", "sha256")
    return {name: getattr(revision, name) for name in names}


def flow_shape(flow: DataFlow, outcome: str | None, signature: str) -> dict[str, Any]:
    """A data flow as the API gives it."""
    return {
        "id": flow.pk,
        "slug": flow.slug,
        "name": flow.name,
        **{name: getattr(flow, name) for name in rules.FLOW_FACTS},
        "facts": flow.facts,
        "row_version": flow.row_version,
        "outcome": outcome,
        "signature": signature,
    }
