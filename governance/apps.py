"""The Django app `governance`."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Label and start-up of `governance`."""

    name = "governance"
    label = "governance"

    def ready(self) -> None:
        """Read law, questionnaires, emotion scheme (a mistake in them stops the start); fill the registers."""
        from governance.assessments import catalogue
        from governance.audits import tasks  # noqa: F401
        from governance.consent import holder, templates
        from governance.consent import tasks as consent_tasks  # noqa: F401
        from governance.consent.rules import BASES
        from governance.evidence import governance_sections
        from governance.evidence import tasks as evidence_tasks  # noqa: F401
        from governance.registry import emotions, rules
        from governance.retention import rules as retention
        from governance.retention import tasks as retention_tasks  # noqa: F401
        from governance.review import tasks as review_tasks  # noqa: F401
        from governance.screening import law
        from governance.stops import holder as stop_holder
        from governance.stops import rules as stop_rules
        from governance.stops import tasks as stop_tasks  # noqa: F401
        from governance.transparency import holder as requests
        from governance.transparency import rules as people
        from governance.transparency import tasks as people_tasks  # noqa: F401
        from portal.web import badges

        law.shipped()
        templates.all_templates()
        emotions.current()
        catalogue.questionnaires()
        catalogue.requirements()
        governance_sections.register_all()
        holder.fill()
        requests.fill()
        stop_holder.fill()
        badges.learn(BASES)
        badges.learn(stop_rules.TYPES)
        badges.learn(retention.PARTS)
        badges.learn(dict(people.RequestKind.choices()) | dict(people.Decision.choices()))
        for words in (rules.SubjectRole, rules.Modality, rules.Purpose):
            badges.learn({one.value: one.sentence for one in words})
