"""What two versions of a data-use policy say differently: rule by rule and field by field, in the reader's words."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext

from governance.consent.models import Policy
from governance.consent.rules import BASES, DIMENSIONS
from portal.errors import N_
from portal.web.badges import word

FIELDS = {
    "effect": N_("Effect"),
    "subject_role": N_("Whose emotion"),
    "purpose": N_("Purpose"),
    "modality": N_("Read from"),
    "layer": N_("Layer"),
    "operation": N_("Operation"),
    "recipient": N_("Recipient"),
    "basis": N_("Basis"),
    "condition": N_("Condition under GDPR Art 9"),
    "explicit": N_("Explicit consent"),
    "employee_exception": N_("Exception for employees"),
    "retention_days": N_("Kept for (days)"),
    "min_group": N_("Smallest group"),
    "reference": N_("Legal reference"),
}
"""Every field of a rule besides its name, in the order in which people read them."""
_EXPLICIT = {True: N_("Always"), False: N_("Not needed"), None: N_("For biometric data")}
Rule = Mapping[str, Any]


def differences(before: Policy, after: Policy) -> list[dict[str, str | None]]:
    """Rows of {field, before, after} for the diff component; None where a rule is not there at all."""
    rows: list[dict[str, str | None]] = []
    if before.retention_days != after.retention_days:
        rows.append(
            {
                "field": gettext("Kept for (days), where no rule says otherwise"),
                "before": _plain(before.retention_days),
                "after": _plain(after.retention_days),
            }
        )
    old, new = _by_name(before.rules), _by_name(after.rules)
    for name in [*old, *(name for name in new if name not in old)]:
        rows += _of_rule(name, old.get(name), new.get(name))
    return rows + _order(list(old), list(new))


def _by_name(rules: Sequence[Rule]) -> dict[str, Rule]:
    return {str(rule["id"]): rule for rule in rules}


def _of_rule(name: str, old: Rule | None, new: Rule | None) -> list[dict[str, str | None]]:
    if old is None or new is None:
        before, after = whole(old) if old else None, whole(new) if new else None
        return [{"field": gettext("Rule {name}").format(name=name), "before": before, "after": after}]
    return [
        {"field": f"{name}: {gettext(label)}", "before": said(old, field), "after": said(new, field)}
        for field, label in FIELDS.items()
        if said(old, field) != said(new, field)
    ]


def _order(old: list[str], new: list[str]) -> list[dict[str, str | None]]:
    """The first permit that covers a situation decides: another order is another policy."""
    kept_old, kept_new = [n for n in old if n in new], [n for n in new if n in old]
    if kept_old == kept_new:
        return []
    return [
        {"field": gettext("Order of the rules"), "before": ", ".join(kept_old), "after": ", ".join(kept_new)}
    ]


def whole(rule: Rule) -> str:
    """A rule on one line: what it says, field by field."""
    told = ((gettext(label), said(rule, field)) for field, label in FIELDS.items())
    return "; ".join(f"{label}: {text}" for label, text in told if text)


def said(rule: Rule, field: str) -> str:
    """What a rule says in one field; '' where that says nothing."""
    value = rule.get(field)
    if field in DIMENSIONS:
        values = [value] if isinstance(value, str) else list(value or [])
        return ", ".join(gettext("Any") if one == "*" else word(one) for one in values) or gettext("Any")
    if field == "explicit":
        consent = rule.get("effect") == "permit" and rule.get("basis") == "consent"
        return gettext(_EXPLICIT[value]) if consent or value is not None else ""
    if field == "basis":
        return gettext(BASES[value]) if value in BASES else _plain(value)
    return word(value) if field == "effect" else _plain(value)


def _plain(value: Any) -> str:
    return "" if value is None else str(value)
