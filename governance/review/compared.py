"""What differs from what was approved last, in the words of the reader: before and after, row by row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext

from governance.assessments.models import Assessment
from governance.assessments.rules import Kind
from governance.consent import policy_words
from governance.consent.models import Policy
from governance.registry import content, words
from governance.registry.fields import FLOW, PARTS, SYSTEM, VENDOR, VERSION, Field, PartKind
from governance.registry.revisions import NOT_RECORDED
from governance.registry.rules import FLOW_FACTS
from governance.review import rules, selectors
from governance.review.models import DeploymentRequest
from governance.screening import rulesets
from governance.screening.models import spoken
from governance.screening.rules import Outcome
from portal.accounts.models import Unit
from portal.errors import N_
from portal.web import badges

Path = tuple[str, ...]
Content = Mapping[str, Any]
POLICY = N_("Data-use policy")
SECTIONS = {
    "system": N_("System"),
    "vendor": N_("Vendor"),
    "version": N_("Version"),
    "flows": N_("Data flow"),
    "policy": POLICY,
    "assessments": N_("Assessments"),
}
_FIELDS: dict[str, Mapping[str, Field]] = {
    "system": SYSTEM,
    "vendor": {one.name: one for one in VENDOR},
    "version": VERSION.by_name,
}
ORDER = ("system", "vendor", "version", "parts", "flows", "assessments")
_LEGAL = {
    "outcome": N_("Legal outcome"),
    "rule": N_("Rule of the law"),
    "rules_version": N_("Version of the rules"),
}


@dataclass(frozen=True)
class _Names:
    """What ids, short names and digests stand for; read once for all differences."""

    register: words.Names
    flows: Mapping[str, str]
    rows: Mapping[str, str]  # by the id of the row, of removed ones as well
    assessments: Mapping[str, str]
    questions: Mapping[str, str] = field(default_factory=dict)


def differences(request: DeploymentRequest) -> list[dict[str, Any]] | None:
    """Rows for `components/diff.html`; None where nothing was approved before.

    The number of queries does not grow with what differs.
    """
    pair = selectors.compared(request)
    if pair is None:
        return None
    before, after = pair
    found = [one for one in rules.differences(before, after) if not _said_elsewhere(one.path)]
    found.sort(key=lambda one: _rank(one.path))
    names = _names_of(request, found)
    rows: dict[Path, dict[str, Any]] = {}
    for one in found:
        place = one.path[:3] if one.path[0] == "parts" else one.path[:2]
        if one.path[0] in ("parts", "flows") and not _in_both(place, before, after):
            rows[place] = _whole(place, before, after, names)
        else:
            rows[one.path] = _one(one, before, names)
    return [*rows.values(), *_policy(before.get("policy"), after.get("policy"))]


def _said_elsewhere(path: Path) -> bool:
    """The policy has words of its own, the role of the system stands with the system, and a name binds nobody."""
    return path[0] == "policy" or (path[0] == "flows" and path[-1] in ("provider_role", "name"))


def _rank(path: Path) -> tuple[int, str, str, int]:
    """In the order in which a record is described; the database keeps the keys of a content in another."""
    parts = path[0] == "parts"
    place = len(SECTIONS) if path[0] not in ORDER else ORDER.index(path[0])
    table = list(PARTS[path[1]].by_name if parts else _FIELDS.get(path[0], FLOW.by_name))
    name = path[3] if parts else path[1] if path[0] in _FIELDS and len(path) > 1 else path[-1]
    inner = path[1:3] if parts else ("", path[1] if path[0] == "flows" else "")
    return place, inner[0], inner[1], table.index(name) if name in table else len(table)


def _names_of(request: DeploymentRequest, found: list[rules.Difference]) -> _Names:
    values = [(one, v) for d in found if (one := _field(d.path)) for v in (d.before, d.after)]
    units = {v for one, v in values if one.kind == "unit" and v}
    ids: dict[str, set[str]] = {}
    for d in found:
        if d.path[0] == "parts":
            ids.setdefault(d.path[1], set()).add(d.path[2])
    digests = {v for d in found if d.path[0] == "assessments" for v in (d.before, d.after) if v}
    register = words.names_of((one, v) for one, v in values if one.kind == "vendor")
    return _Names(
        register=replace(
            register,
            units={str(u.pk): u.name for u in Unit.objects.filter(pk__in=units)} if units else {},
        ),
        flows={flow.slug: flow.name for flow in request.flows.all()},
        rows={str(pk): name for kind, known in ids.items() for pk, name in _leads(PARTS[kind], known)},
        assessments={row.digest: str(row) for row in Assessment.objects.filter(digest__in=digests)}
        if digests
        else {},
        questions={code: spoken(dict(text)) for code, text in rulesets.in_force().questions.items()},
    )


def _leads(part: PartKind, ids: Iterable[str]) -> Iterable[tuple[Any, str]]:
    """What rows of a kind are called; (id, name)."""
    lead = f"{part.lead}__name" if part.by_name[part.lead].kind == "unit" else part.lead
    rows = content.MODELS[part.kind]._default_manager.filter(pk__in=list(ids))
    return rows.values_list("pk", lead)


def _field(path: Path) -> Field | None:
    """The field of the register in which a value stands, where it is one."""
    if path[0] == "parts":
        return PARTS[path[1]].by_name.get(path[3])
    if path[0] == "flows":
        return FLOW.by_name.get(path[-1])
    return _FIELDS.get(path[0], {}).get(path[1]) if len(path) > 1 else None


# --- rows that came or went ---------------------------------------------------------------------


def _entry(place: Path, found: Content) -> Any:
    """The row or flow at this place: None where it is not there, NOT_RECORDED where its kind was not kept yet."""
    if place[0] == "flows":
        return next((flow for flow in found.get("flows", []) if flow["slug"] == place[1]), None)
    kinds = found.get("parts", {})
    return kinds[place[1]].get(place[2]) if place[1] in kinds else NOT_RECORDED


def _in_both(place: Path, before: Content, after: Content) -> bool:
    return all(isinstance(_entry(place, found), Mapping) for found in (before, after))


def _whole(place: Path, before: Content, after: Content, names: _Names) -> dict[str, Any]:
    """One row for what came or went, with everything that it says."""
    row: dict[str, Any] = {"field": _place(place, names)}
    for side, found in (("before", before), ("after", after)):
        entry = _entry(place, found)
        there = isinstance(entry, Mapping)
        absent = gettext("was not recorded yet") if entry is NOT_RECORDED else gettext("not there")
        row |= {side: _summary(place, entry, names) if there else absent, f"{side}_quiet": not there}
    return row


def _summary(place: Path, entry: Content, names: _Names) -> str:
    if place[0] == "flows":
        values = {name: entry["facts"].get(name) for name in FLOW_FACTS}
    else:
        values = {name: entry[name] for name in PARTS[place[1]].by_name if name in entry}
    told = (
        (_last((*place, name), names), _say((*place, name), value, names)) for name, value in values.items()
    )
    return "; ".join(f"{label}: {text}" for label, text in told if text)


# --- one value ------------------------------------------------------------------------------------


def _one(found: rules.Difference, before: Content, names: _Names) -> dict[str, Any]:
    path = found.path
    unknown = path[0] in _FIELDS and not _was_kept(path, before)
    alone = len(path) == 1 or path == ("version", "name")
    return {
        "field": _place(path, names) if alone else f"{_place(path, names)} · {_last(path, names)}",
        "before": gettext("was not recorded yet") if unknown else _say(path, found.before, names),
        "before_quiet": unknown,
        "after": _say(path, found.after, names),
    }


def _was_kept(path: Path, before: Content) -> bool:
    """Whether the content approved last has a place for this field: older ones hold fewer fields."""
    section = before.get(path[0], NOT_RECORDED)
    return section is None or (isinstance(section, Mapping) and path[1] in section)


def _place(path: Path, names: _Names) -> str:
    """Where a value stands: the section, and which flow or row."""
    if path[0] == "parts":
        return f"{gettext(PARTS[path[1]].one)} · {names.rows.get(path[2], path[2])}"
    title = gettext(SECTIONS[path[0]]) if path[0] in SECTIONS else path[0]
    return f"{title} · {names.flows.get(path[1], path[1])}" if path[0] == "flows" else title


def _last(path: Path, names: _Names) -> str:
    """What the value is called; of a mapping also which entry it is."""
    name, known = path[-1], _field(path)
    if path[0] == "assessments":
        return gettext(Kind(name).sentence) if name in Kind.values() else name
    if known is None:
        return gettext(_LEGAL[name]) if name in _LEGAL else names.questions.get(name) or badges.word(name)
    label = gettext(known.label)
    return f"{label} · {name}" if known.kind == "mapping" and len(path) > 2 else label


def _say(path: Path, value: Any, names: _Names) -> str:
    if value is None:
        return ""
    known = _field(path)
    if path[0] == "assessments":
        return names.assessments.get(value, str(value))
    if known is None:
        legal = path[-1] == "outcome" and value in Outcome.values()
        return gettext(Outcome(value).sentence) if legal else _code(path[-1], value)
    if known.kind == "mapping" and len(path) > 2:
        return words.shared_name(str(value))
    return words.say(known, value, names.register)


def _code(name: str, value: Any) -> str:
    """The name of a rule reads as it is written; an answer to a question of the law is a word."""
    return str(value) if name in _LEGAL else badges.word(value)


def _policy(before: Content | None, after: Content | None) -> list[dict[str, Any]]:
    """Rule by rule, as the page of the policy compares them."""
    if before == after:
        return []
    title, version = gettext(POLICY), gettext("Version")
    numbers = [str(policy["version"]) if policy else "" for policy in (before, after)]
    rows: list[dict[str, Any]] = [
        {"field": f"{title} · {version}", "before": numbers[0], "after": numbers[1]}
    ]
    old, new = (
        Policy(rules=policy["rules"], retention_days=policy["retention_days"]) if policy else Policy(rules=[])
        for policy in (before, after)
    )
    return rows + [
        {**row, "field": f"{title} · {row['field']}"} for row in policy_words.differences(old, new)
    ]
