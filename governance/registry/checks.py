"""What is wrong with a description, and what a draft still lacks; pure."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from governance.registry import rules
from governance.registry.fields import PARTS, SYSTEM, VENDOR, Field, PartKind, step_of
from portal.errors import N_

Errors = list[dict[str, str]]
LARGEST = Decimal(10) ** 9
_UNKNOWN = N_("This is not one of the choices.")


@dataclass(frozen=True)
class Known:
    """What exists elsewhere: the figures of the catalogue and the labels of the shared scheme."""

    figures: frozenset[str]
    shared: frozenset[str]


@dataclass(frozen=True)
class Gap:
    """Something a draft still lacks, and the step at which it is said."""

    step: str
    field: str
    message: str


def error(name: str, code: str, message: str) -> dict[str, str]:
    """One row of a refusal."""
    return {"field": name, "code": code, "message": message}


def slug_errors(slug: str) -> Errors:
    """What is wrong with a short name."""
    if not (rules.SLUG.match(slug) and len(slug) <= 60):
        return [
            error("slug", "invalid", N_("Use lower-case letters, digits and single hyphens, at most 60."))
        ]
    return (
        [error("slug", "reserved", N_("This short name is reserved."))]
        if slug in rules.RESERVED_SLUGS
        else []
    )


def system_errors(
    values: Mapping[str, Any], known: Known, *, draft: bool = False, whole: Mapping[str, Any] | None = None
) -> Errors:
    """What is wrong with some fields of a system; a draft may leave out what it likes.

    `whole`: the fields together with those that stay as they are, for what must fit together.
    """
    found = slug_errors(str(values["slug"])) if "slug" in values else []
    for name, value in values.items():
        if name in SYSTEM:
            found += field_errors(SYSTEM[name], value, known, empty=draft and name != "name")
    whole = {**(whole or {}), **values}
    return found + _scheme_errors(whole, known) + ([] if draft else limits_errors(whole))


def part_errors(part: PartKind, values: Mapping[str, Any], known: Known) -> Errors:
    """What is wrong with a row that belongs to a system."""
    return [
        e for one in part.fields if one.name in values for e in field_errors(one, values[one.name], known)
    ]


def vendor_errors(values: Mapping[str, Any]) -> Errors:
    """What is wrong with a vendor."""
    none = Known(frozenset(), frozenset())
    found = [e for one in VENDOR if one.name in values for e in field_errors(one, values[one.name], none)]
    tool = values.get("transfer_tool")
    if tool in ("scc", "bcr", "derogation") and not values.get("transfer_reference"):
        found.append(error("transfer_reference", "required", N_("Say where the document of this tool is.")))
    return found


def vendor_gaps(values: Mapping[str, Any], on: dt.date) -> Errors:
    """What is not in order with a vendor on a day, before a system of it may be put into use.

    Source: GDPR, Art 28 (a contract) and 44-49 (a tool where personal data leave the EEA; whether they do is said with
    the tool, so that nothing said is a gap too). The messages name the {vendor}.
    """
    found = []
    if not values.get("contract_reference"):
        no_contract = N_("No contract with {vendor} is recorded: give its reference.")
        found.append(error("contract_reference", "no_contract", no_contract))
    ended = values.get("contract_until")
    if ended is not None and ended < on:
        over = N_("The contract with {vendor} has ended: say until when the new one runs.")
        found.append(error("contract_until", "contract_ended", over))
    tool = values.get("transfer_tool") or ""
    if tool == "missing":
        no_tool = N_("Personal data go to {vendor} outside the EEA without a transfer tool: agree on one.")
        found.append(error("transfer_tool", "no_transfer_tool", no_tool))
    elif not tool:
        unsaid = N_(
            "Say on what ground personal data may go to {vendor} outside the EEA, or that they stay in it."
        )
        found.append(error("transfer_tool", "no_transfer_tool", unsaid))
    return found


def field_errors(one: Field, value: Any, known: Known, *, empty: bool = False) -> Errors:
    """What is wrong with one value; `empty`: nothing at all is right too."""
    if value in ("", None, [], {}) or (isinstance(value, str) and not value.strip()):
        # a scheme may be mapped later: only a draft is held back by that
        needed = one.needed and not empty and one.kind != "mapping"
        return [error(one.name, "required", N_("This is needed."))] if needed else []
    check = _CHECKS.get(one.kind)
    found = check(one, value, known) if check else []
    if one.longest and isinstance(value, str) and len(value) > one.longest:
        found.append(error(one.name, "too_long", N_("This is too long.")))
    return found


def _choice(one: Field, value: Any, known: Known) -> Errors:
    values = one.enum.values() if one.enum else []
    return [] if value in values else [error(one.name, "unknown_value", _UNKNOWN)]


def _choices(one: Field, value: Any, known: Known) -> Errors:
    values = one.enum.values() if one.enum else []
    if not isinstance(value, list | tuple) or any(v not in values for v in value):
        return [error(one.name, "unknown_value", _UNKNOWN)]
    return _once(one, value)


def _once(one: Field, value: Any) -> Errors:
    return (
        [] if len(value) == len(set(value)) else [error(one.name, "duplicate", N_("Each one occurs once."))]
    )


def _labels(one: Field, value: Any, known: Known) -> Errors:
    if any(not isinstance(v, str) or not v.strip() or len(v) > 60 for v in value):
        return [error(one.name, "invalid", N_("A label has 1 to 60 characters."))]
    if len(value) != len(set(value)):
        return [error(one.name, "duplicate", N_("Each label occurs once."))]
    return []


def _codes(one: Field, value: Any, known: Known) -> Errors:
    if any(not isinstance(v, str) or not v.strip() or len(v) > 12 for v in value):
        return [error(one.name, "invalid", N_("Use codes such as nl or en-GB."))]
    return _once(one, value)


def _mapping(one: Field, value: Any, known: Known) -> Errors:
    if isinstance(value, Mapping) and all(isinstance(x, str) for pair in value.items() for x in pair):
        return []
    return [error(one.name, "invalid", N_("Give a name for each label."))]


def _groups(one: Field, value: Any, known: Known) -> Errors:
    if isinstance(value, Mapping) and all(isinstance(v, list | tuple) for v in value.values()):
        return []
    return [error(one.name, "invalid", N_("Give a list of values for each group."))]


def _email(one: Field, value: Any, known: Known) -> Errors:
    if rules.EMAIL.match(str(value)):
        return []
    return [error(one.name, "invalid", N_("This is not an e-mail address."))]


def _number(one: Field, value: Any, known: Known) -> Errors:
    if isinstance(value, bool) or not isinstance(value, int) or not one.least <= value <= one.most:
        return [error(one.name, "out_of_range", N_("This number is out of range."))]
    return []


def _decimal(one: Field, value: Any, known: Known) -> Errors:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > LARGEST or (number < 0 and one.least >= 0):
        return [error(one.name, "out_of_range", N_("This number is out of range."))]
    if number != round(number, one.places):  # the database would round it in silence
        return [error(one.name, "too_precise", N_("This number has too many decimals."))]
    return []


def _date(one: Field, value: Any, known: Known) -> Errors:
    if not isinstance(value, dt.date) or not 1990 <= value.year <= 2100:
        return [error(one.name, "out_of_range", N_("Give a date between 1990 and 2100."))]
    return []


def _figure(one: Field, value: Any, known: Known) -> Errors:
    if value in known.figures:
        return []
    return [error(one.name, "unknown_figure", N_("The catalogue has no such figure."))]


_CHECKS: dict[str, Callable[[Field, Any, Known], Errors]] = {
    "choice": _choice,
    "choices": _choices,
    "labels": _labels,
    "mapping": _mapping,
    "groups": _groups,
    "email": _email,
    "codes": _codes,
    "number": _number,
    "decimal": _decimal,
    "date": _date,
    "figure": _figure,
}


def _scheme_errors(values: Mapping[str, Any], known: Known) -> Errors:
    """The mapping names labels of the system, and of the shared scheme."""
    mapping = values.get("label_map") or {}
    if not isinstance(mapping, Mapping):
        return []
    if "labels" in values and set(mapping) - set(values["labels"]):
        message = N_("The mapping names a label that the scheme does not have.")
        return [error("label_map", "unknown_label", message)]
    if set(mapping.values()) - known.shared:
        return [error("label_map", "unknown_shared_label", N_("The shared scheme has no such label."))]
    return []


def limits_errors(values: Mapping[str, Any]) -> Errors:
    """Continuous learning has its limits declared; where it does not learn so, there are none to declare."""
    if values.get("learning") != "continuous":
        return []
    named = ("learning_figure", "learning_max_deviation", "learning_window_days", "learning_checks")
    message = N_("Continuous learning needs declared limits.")
    found = [error(name, "required", message) for name in named if not values.get(name)]
    deviation = values.get("learning_max_deviation")
    if deviation and Decimal(str(deviation)) <= 0:
        found.append(error("learning_max_deviation", "out_of_range", N_("This number is out of range.")))
    return found


# --- what is still missing ------------------------------------------------------------------------

_MISSING_ROWS = {
    "version": N_("Add the version that is or will be in use."),
    "unit_use": N_("Say which units use it."),
    "use_case": N_("Describe at least one use, and what it may not be used for."),
    "hand_over": N_("Describe at least one point at which a person takes over."),
    "flow": N_("Describe at least one data flow."),
    "goal": N_("Set at least one goal for people."),
}


NO_MISSION = N_("Say which statement of our mission this goal serves.")


def gaps(
    system: Mapping[str, Any], parts: Mapping[str, Iterable[Mapping[str, Any]]], *, mission: bool
) -> list[Gap]:
    """What a record lacks to be registered, in the order of the steps; arguments as in the content of a record.

    `mission`: the organisation wrote its mission down, so that each goal says which statement of it it serves.
    """
    found = [
        Gap(step_of(name), name, N_("This is needed."))
        for name, one in SYSTEM.items()
        if one.needed and name != "label_map" and system.get(name) in (None, "", [], {})
    ]
    if system.get("provider_role") == "deployer" and not system.get("vendor"):
        found.append(
            Gap("vendor", "vendor", N_("A deployer uses what another party provides: name the vendor."))
        )
    found += [Gap("learning", e["field"], e["message"]) for e in limits_errors(system)]
    if set(system.get("labels") or []) - set(system.get("label_map") or {}):
        found.append(Gap("labels", "label_map", N_("Some labels are not mapped onto the shared scheme.")))
    for kind, message in _MISSING_ROWS.items():
        if not list(parts.get(kind, ())):
            found.append(Gap(step_of(kind), kind, message))
    if mission and any(not row.get("mission") for row in parts.get("goal", ())):
        found.append(Gap("goals", "goal", N_("Say of each goal which statement of our mission it serves.")))
    roles = {row.get("role") for row in parts.get("contact", ())}
    if set(rules.ContactRole.values()) - roles:
        message = N_("Name a contact person for business, technical and privacy questions.")
        found.append(Gap("units", "contact", message))
    order = [step_of(name) for name in (*SYSTEM, *PARTS)]
    return sorted(found, key=lambda gap: order.index(gap.step))
