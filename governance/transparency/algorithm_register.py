"""The public register in the shape of the Dutch algorithm register (Algoritmeregister, publication standard 1.0).

Field names, lengths and permitted values were taken from the configuration of the register itself (repository
MinBZK/Algoritmeregister, backend/app/schemas/config/v1_0.json); the standard's own page was not opened. The register
asks for Dutch, so these texts are Dutch whatever the reader's language.
"""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from governance.transparency.public import OUTCOMES, PublicPage
from portal.web.badges import word

VERSION = "1.0"
LENGTHS = {
    "name": 100, "description_short": 350, "organization": 100, "contact_email": 500, "goal": 2500,
    "human_intervention": 2500, "lawful_basis": 2500, "source_data": 2500, "methods_and_models": 5000, "risks": 2500,
    "provider": 200, "source_id": 100, "tags": 2500, "url": 500, "website": 500, "impacttoetsen": 2500,
}  # fmt: skip
STATUSES = ("In ontwikkeling", "In gebruik", "Buiten gebruik")
CATEGORIES = ("Hoog-risico AI-systeem", "Impactvolle algoritmes", "Overige algoritmes")


def entry(page: PublicPage) -> dict[str, Any]:
    """One entry; `page` must be in Dutch. Fields that the portal knows nothing of are left out."""
    with translation.override("nl"):
        address = settings.BASE_URL.rstrip("/")
        here = f"{address}{reverse('public_system', args=[page.system.slug])}?lang=nl"
        values: dict[str, Any] = {
            "name": page.system.name,
            "description_short": page.summary,
            "organization": page.organisation,
            "status": _status(page),
            "publication_category": _category(page),
            "contact_email": page.publication.contact_email,
            "website": here,
            "url": f"{address}{reverse('public_system_json', args=[page.system.slug])}",
            "goal": page.why,
            "human_intervention": page.human,
            "risks": _risks(page),
            "lawful_basis": "; ".join(gettext(basis) for basis in page.bases),
            "source_data": _data(page),
            "methods_and_models": _method(page),
            "provider": page.provider or "Intern ontwikkeld",
            "source_id": page.system.slug,
            "lang": "nld",
            "standard_version": VERSION,
        }
        if page.since is not None:
            values["begin_date"] = page.since.isoformat()[:7]
    kept = {name: _cut(name, value) for name, value in values.items() if value}
    return dict(sorted(kept.items()))


def _cut(name: str, value: str) -> str:
    """Whole where it fits; what is too long ends with a mark."""
    most = LENGTHS.get(name)
    return value if most is None or len(value) <= most else value[: most - 1].rstrip() + "…"


def _status(page: PublicPage) -> str:
    if page.in_force:
        return STATUSES[1]
    return STATUSES[2] if page.since is not None else STATUSES[0]


def _category(page: PublicPage) -> str:
    outcomes = {flow.outcome for flow in page.flows}
    if "high_risk" in outcomes or "prohibited" in outcomes:
        return CATEGORIES[0]
    return CATEGORIES[1]  # reading emotion touches people: never among 'the others'


def _data(page: PublicPage) -> str:
    rows = {(flow.modality, flow.subject_role) for flow in page.flows}
    return "; ".join(f"{word(modality)}: {word(role)}" for modality, role in sorted(rows))


def _method(page: PublicPage) -> str:
    learns = gettext("It goes on learning while it is used.") if page.system.learning == "continuous" else ""
    rows = [
        f"{gettext(flow.output)}; {word(flow.purpose)}; {gettext(flow.consequence)}" for flow in page.flows
    ]
    return "\n".join([*dict.fromkeys(rows), learns or gettext("It does not learn while it is used.")])


def _risks(page: PublicPage) -> str:
    law = [gettext(OUTCOMES[flow.outcome]) for flow in page.flows if flow.outcome in OUTCOMES]
    checks = [f"{gettext(one.title)} ({one.on.isoformat()}): {gettext(one.said)}" for one in page.audits]
    return "\n".join([*dict.fromkeys(law), *checks])
