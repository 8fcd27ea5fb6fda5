"""What the register says about a system, as the first answer to a question; the names are those of the catalogue."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, override

from governance.assessments.questionnaire import Question, Questionnaire, Wrong, cleaned
from governance.registry import content
from governance.registry.fields import PARTS
from governance.registry.models import DataFlow, Goal, System, SystemVersion
from governance.registry.rules import FLOW_ENUMS
from governance.registry.selectors import current_version
from governance.screening.models import Screening
from governance.screening.rules import Outcome
from governance.screening.selectors import current_of
from portal.errors import N_

# what the page names as the source of an answer
SOURCES = {
    "system.name": N_("name of the system"),
    "system.description": N_("description of the system"),
    "system.unit": N_("unit of the system"),
    "system.owner": N_("owner of the system"),
    "system.provider_role": N_("our role under the AI Act"),
    "system.vendor": N_("vendor of the system"),
    "system.version": N_("newest version of the system"),
    "system.training_data": N_("newest version of the system"),
    "system.hand_overs": N_("hand-over points of the system"),
    "system.languages": N_("languages of the system"),
    "system.labels": N_("emotion labels of the system"),
    "system.dimensions": N_("groups by which figures are shown"),
    "system.goals": N_("goals of the system"),
    "flows.table": N_("data flows of the system"),
    "flows.subjects": N_("data flows of the system"),
    "flows.purposes": N_("data flows of the system"),
    "flows.recipients": N_("data flows of the system"),
    "screening.table": N_("legal outcomes of the data flows"),
}


class Register:
    """The register about one system, read once however many questions ask; in the language that is active."""

    def __init__(self, system: System) -> None:
        self.system = system

    @cached_property
    def flows(self) -> list[DataFlow]:
        """The data flows."""
        return list(self.system.flows.order_by("slug"))

    @cached_property
    def outcomes(self) -> dict[Any, Screening]:
        """The current legal outcome by flow."""
        return current_of(self.flows)

    @cached_property
    def goals(self) -> list[Goal]:
        """The goals."""
        return content.rows(self.system, PARTS["goal"])

    @cached_property
    def newest(self) -> SystemVersion | None:
        """The newest version."""
        return current_version(self.system)

    @property
    def version(self) -> str:
        """The newest version with model and date."""
        found = self.newest
        if found is None:
            return ""
        day = date_format(found.released_on, "SHORT_DATE_FORMAT")
        return " · ".join(part for part in (found.name, found.model, day) if part)

    def value(self, name: str) -> Any:
        """What the register says under this name; None where it says nothing."""
        return _READ[name](self) or None


def _words(register: Register, fact: str) -> str:
    values = dict.fromkeys(getattr(flow, fact) for flow in register.flows)
    return "; ".join(gettext(FLOW_ENUMS[fact](value).sentence) for value in values)


def _flow_rows(register: Register) -> list[dict[str, str]]:
    columns = {
        "modality": "modality",
        "subject": "subject_role",
        "setting": "setting",
        "purpose": "purpose",
        "output": "output",
        "consequence": "consequence",
        "recipient": "recipient",
    }
    return [
        {"flow": flow.name}
        | {
            column: gettext(FLOW_ENUMS[fact](getattr(flow, fact)).sentence)
            for column, fact in columns.items()
        }
        for flow in register.flows
    ]


def _outcome_rows(register: Register) -> list[dict[str, str]]:
    rows = []
    for flow in register.flows:
        found = register.outcomes.get(flow.pk)
        outcome = gettext(Outcome(found.outcome).sentence) if found else ""
        articles = "; ".join(found.articles) if found else ""
        rows.append({"flow": flow.name, "outcome": outcome, "articles": articles})
    return rows


def _hand_over_rows(register: Register) -> list[dict[str, str]]:
    return [
        {"when": row.trigger, "who": row.to_whom, "within": _minutes(row.within_minutes)}
        for row in content.rows(register.system, PARTS["hand_over"])
    ]


def _minutes(count: int) -> str:
    return ngettext("{n} minute", "{n} minutes", count).format(n=count) if count else gettext("at once")


def _vendor(register: Register) -> str:
    return str(register.system.vendor or "")


_READ: dict[str, Callable[[Register], Any]] = {
    "system.name": lambda r: r.system.name,
    "system.description": lambda r: r.system.description,
    "system.unit": lambda r: r.system.unit.name,
    "system.owner": lambda r: str(r.system.owner_id),
    "system.provider_role": lambda r: r.system.provider_role,
    "system.vendor": _vendor,
    "system.version": lambda r: r.version,
    "system.training_data": lambda r: r.newest.training_data if r.newest else "",
    "system.hand_overs": _hand_over_rows,
    "system.languages": lambda r: ", ".join(r.system.languages),
    "system.labels": lambda r: ", ".join(r.system.labels),
    "system.dimensions": lambda r: "; ".join(
        f"{name}: {', '.join(values)}" for name, values in r.system.dimensions.items()
    ),
    "system.goals": lambda r: "\n".join(goal.statement for goal in r.goals),
    "flows.table": _flow_rows,
    "flows.subjects": lambda r: _words(r, "subject_role"),
    "flows.purposes": lambda r: _words(r, "purpose"),
    "flows.recipients": lambda r: _words(r, "recipient"),
    "screening.table": _outcome_rows,
}


def value_for(question: Question, register: Register) -> Any:
    """What the register says to a question, in the shape of its answer; None where it says nothing that fits."""
    value = register.value(question.prefill)
    if isinstance(value, list):
        known = {column.id for column in question.columns}
        value = [{name: cell for name, cell in row.items() if name in known} for row in value]
    if question.kind == "text" and isinstance(value, str):
        value = value[:300]
    try:
        return cleaned(question, value)
    except Wrong:
        return None


def fill(questionnaire: Questionnaire, system: System) -> tuple[dict[str, Any], dict[str, Any]]:
    """(answers, sources) of a first draft: what the register can tell."""
    register, language = Register(system), get_language() or "en-gb"
    answers, sources = {}, {}
    for id, question in questionnaire.questions.items():
        if question.prefill and (value := value_for(question, register)) is not None:
            answers[id] = value
            sources[id] = {"field": question.prefill, "language": language, "value": value}
    return answers, sources


def changed_since(questionnaire: Questionnaire, system: System, sources: dict[str, Any]) -> dict[str, Any]:
    """What the register says now, of the questions it filled with something else: {question: value or None}."""
    found = {}
    questions = questionnaire.questions
    for language in sorted({source["language"] for source in sources.values()}):
        with override(language):
            register = Register(system)
            for id, source in sources.items():
                if source["language"] == language and id in questions and questions[id].prefill:
                    value = value_for(questions[id], register)
                    if value != source["value"]:
                        found[id] = value
    return found
