"""The codes of permissions and of API scopes, with an English sentence each; pure, no Django.

They lie below `portal.access` because units (and systems) must declare them as Django permissions.
"""

from portal.errors import N_

PERMISSIONS: dict[str, str] = {
    "view_register": N_("See systems, their data flows and their screening"),
    "edit_register": N_("Register systems and change what is registered"),
    "sign_screening": N_("Sign a legal screening"),
    "sign_dpia": N_("Sign or return a data protection impact assessment"),
    "sign_assessment": N_("Sign or return a FRIA, bias pre-assessment or oversight plan"),
    "comment_assessments": N_(
        "Comment on assessments as the board does; to vote takes a seat, not a permission"
    ),
    "apply_law": N_("Bring in and apply sets of legal rules"),
    "request_deployment": N_("Ask for a deployment"),
    "view_review": N_("Read deployment requests and decisions"),
    "chair": N_("Lead a board: return files, close votes, record what others decided"),
    "answer_council": N_("Record the answers of the works council"),
    "manage_board": N_("Set up boards, seats and memberships"),
    "suspend": N_("Suspend a deployment or stop a data flow at once"),
    "view_kpis": N_("See KPI dashboards"),
    "import_data": N_("Import interactions, labels, answers and values"),
    "view_audits": N_("Read audits and findings"),
    "run_audits": N_("Plan and run audits"),
    "manage_findings": N_("Work on findings and corrective actions"),
    "view_consent": N_("Read notices, policies and consent figures"),
    "manage_consent": N_("Publish notices and approve data-use policies"),
    "record_consent": N_("Record at a service desk what people say, and look up what stands"),
    "make_links": N_("Make personal links for affected people"),
    "answer_people": N_("See and answer requests for access, erasure and objection; place legal holds"),
    "answer_contests": N_("See and answer contested readings"),
    "view_ledger": N_("Read the ledger"),
    "export_evidence": N_("Export evidence packs"),
    "manage_people": N_("Add people, units and roles"),
    "manage_keys": N_("Make and revoke API keys"),
    "view_jobs": N_("See background jobs"),
    "manage_jobs": N_("Cancel and retry background jobs"),
}

# scope of an API key -> (the permission that a person needs for the same call, sentence)
SCOPES: dict[str, tuple[str, str]] = {
    "interactions:write": ("import_data", N_("Report interactions")),
    "labels:write": ("import_data", N_("Report labels of human raters")),
    "surveys:write": ("import_data", N_("Report survey answers")),
    "values:write": ("import_data", N_("Report costs and benefits")),
    "consent:write": ("manage_consent", N_("Report consent events")),
    "consent:read": ("view_consent", N_("Read notices, policies and consent records")),
    "policies:write": ("manage_consent", N_("Publish notices and draft data-use policies")),
    "stops:write": ("import_data", N_("Confirm that processing stopped")),
    "links:write": ("make_links", N_("Make personal links for affected people")),
    "decisions:read": ("view_consent", N_("Ask whether an emotion may be processed")),
    "kpis:read": ("view_kpis", N_("Read figures")),
    "audits:run": ("run_audits", N_("Start audits and read their results")),
    "evidence:export": ("export_evidence", N_("Export evidence packs")),
    "register:read": ("view_register", N_("Read the register entry of the system")),
}
