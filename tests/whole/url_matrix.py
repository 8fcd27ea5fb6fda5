"""What every address of the portal answers to whom: one row per URL name. test_urls_by_role.py walks it.

A row says which permission shows the page (`see`) and which one it takes to act (`perm`, else the same), where the
thing lives, and how it is called. A URL without a row fails the test: decide who may, then write the row.
"""

from dataclasses import dataclass, field
from typing import Any

ANYBODY = "anybody"  # without signing in
SIGNED_IN = "signed in"  # everybody with an account, also without a role


@dataclass(frozen=True)
class Row:
    """One URL. `args`: names of attributes of the World; none: a room (a list, a form to add), else a thing."""

    see: str
    perm: str = ""  # several divided by | : any of them
    args: dict[str, str] = field(default_factory=dict)
    method: str = "get"
    body: dict[str, Any] = field(default_factory=dict)
    scope: str = ""  # for the API: what a key needs
    ok: tuple[int, ...] = (200,)  # answers to who may
    foreign: int = 404  # answer to who holds the permission elsewhere only
    writes: str = ""  # permission for the other methods of the same address, where it is another one
    room: bool = False  # although it has arguments, it belongs to no system
    refused: tuple[int, ...] = (403,)  # answers to who may see but not act
    key: tuple[int, ...] = ()  # answers to the system's own key with every scope, where others than `ok`

    @property
    def api(self) -> bool:
        """Whether machines call it."""
        return bool(self.scope)

    @property
    def thing(self) -> bool:
        """Whether the address names something of a system or unit, which strangers may not even know of."""
        return bool(self.args) and not self.room

    @property
    def sees(self) -> set[str]:
        """The permissions of which one shows it."""
        return set(self.see.split("|"))

    @property
    def acts(self) -> set[str]:
        """The permissions of which it takes one."""
        return set((self.perm or self.see).split("|"))


def act(see: str, perm: str = "", **more: Any) -> Row:
    """A page that only takes POST; who may gets on, to a redirect or to a refusal of a rule or of the form."""
    return Row(see, perm, method="post", ok=(200, 302, 409, 422), **more)


READ = "register:read"
WROTE = (200, 201, 202, 400, 409, 422)  # an empty write reaches the shape check


def decides(body: dict[str, Any], perm: str, thing: str = "request", **more: Any) -> Row:
    """A call that acts on a request or on what belongs to one; keys hold no seat and are no person."""
    values = {"ok": WROTE, "key": (403, 404)} | more
    return Row("view_review", perm, args={"pk": thing}, method="post", body=body, scope=READ, **values)


def managed(body: dict[str, Any], thing: str, **more: Any) -> Row:
    """A call that changes a board or what belongs to one."""
    values = {"ok": WROTE, "key": (403, 404)} | more
    return Row(
        "view_register", "manage_board", args={"pk": thing}, method="post", body=body, scope=READ, **values
    )


SLUG = {"slug": "slug"}
CONSENT = {"slug": "slug", "pk": "consent_event"}
RECORDED = (200, 409)  # 409 while the installation does not say who answers for the processing
ENDPOINT = {"slug": "slug", "pk": "endpoint"}
FLOW = {"slug": "slug", "flow": "flow"}
PART = {"slug": "slug", "kind": "part_kind", "pk": "part"}
ITEMS = {"items": []}

MY, MINE = {"token": "my_token"}, {"token": "my_token", "number": "my_number"}
ASKED, ANSWERS = {"pk": "person_request"}, "answer_people|answer_contests"

PLURALS = ("versions", "units", "contacts", "use_cases", "hand_overs", "goals", "costs")
DRAFT = {"pk": "assessment"}
JOIN = "edit_register|sign_dpia|sign_assessment|comment_assessments"  # any of these may join a thread


def write(perm: str, **more: Any) -> Row:
    """A call about an assessment that writes; an empty one reaches the shape check or a rule."""
    return Row("view_review", perm, **{"method": "post", "scope": READ, "ok": WROTE} | more)


ROWS: dict[str, Row] = {
    # the shell
    "home": Row(SIGNED_IN),
    "inbox": Row(SIGNED_IN),
    "inbox_read": Row(SIGNED_IN, method="post", ok=(302,)),
    "calendar_address": Row(SIGNED_IN),
    "calendar_feed": Row(ANYBODY, args={"token": "calendar_token"}),  # whoever has the secret address
    "search": Row(SIGNED_IN),  # finds what the selectors of each slice show
    "set_language_here": Row(ANYBODY, method="post", ok=(302,)),
    "set_theme": Row(ANYBODY, method="post", ok=(302,)),
    "health_live": Row(ANYBODY),
    "health_ready": Row(ANYBODY, ok=(200, 503)),
    "health_jobs": Row(ANYBODY, ok=(200, 503)),
    # sign-in
    "account_login": Row(ANYBODY, ok=(200, 302)),
    "account_logout": Row(ANYBODY, ok=(200, 302)),
    "account_inactive": Row(ANYBODY),
    "account_signup": Row(ANYBODY, ok=(200, 302)),
    "account_reset_password": Row(ANYBODY),
    "account_reset_password_done": Row(ANYBODY),
    "account_reset_password_from_key": Row(
        ANYBODY, args={"uidb36": "reset_uid", "key": "reset_key"}, ok=(200, 302)
    ),
    "account_reset_password_from_key_done": Row(ANYBODY),
    "account_reauthenticate": Row(SIGNED_IN, ok=(200, 302)),
    "account_change_password": Row(SIGNED_IN),
    "account_set_password": Row(SIGNED_IN, ok=(302,)),
    "mfa_index": Row(SIGNED_IN),
    "mfa_authenticate": Row(ANYBODY, ok=(302,)),  # only in the middle of a sign-in
    "mfa_reauthenticate": Row(SIGNED_IN, ok=(200, 302)),
    "mfa_activate_totp": Row(SIGNED_IN, ok=(302,)),  # the password is asked once more
    "mfa_deactivate_totp": Row(SIGNED_IN, ok=(302, 404)),
    "mfa_view_recovery_codes": Row(SIGNED_IN, ok=(302, 404)),
    "mfa_generate_recovery_codes": Row(SIGNED_IN, ok=(302, 404)),
    "mfa_download_recovery_codes": Row(SIGNED_IN, ok=(302, 404)),
    "profile": Row(SIGNED_IN),
    # administration
    "person_list": Row("manage_people"),
    "person_add": Row("manage_people"),
    "person_detail": Row(
        "manage_people", args={"pk": "person"}, foreign=200
    ),  # accounts are shared; roles are not
    "role_grant": act("manage_people", args={"pk": "person"}, foreign=422),
    "person_password_link": act("manage_people", args={"pk": "person"}, foreign=403),
    "role_end": act("manage_people", args={"pk": "role"}),
    "unit_list": Row("manage_people"),
    "unit_add": Row("manage_people"),
    "unit_change": Row("manage_people", args={"pk": "unit"}),
    "api_key_list": Row("manage_keys"),
    "api_key_add": Row("manage_keys"),
    "api_key_revoke": Row("manage_keys", args={"pk": "key"}),
    # register
    "system_list": Row("view_register"),
    "system_add": Row("edit_register"),
    "system_detail": Row("view_register", args=SLUG),
    "system_edit": Row("view_register", "edit_register", args=SLUG),
    "system_step": Row("view_register", "edit_register", args={"slug": "slug", "step": "step"}),
    "system_register": act("view_register", "edit_register", args=SLUG),
    "system_discard": act("view_register", "edit_register", args=SLUG),
    "part_add": Row("view_register", "edit_register", args={"slug": "slug", "kind": "part_kind"}),
    "part_edit": Row("view_register", "edit_register", args=PART),
    "part_remove": act("view_register", "edit_register", args=PART),
    "system_compare": Row("view_register", args=SLUG),
    "vendor_list": Row("view_register"),
    "vendor_add": Row("edit_register"),
    "vendor_detail": Row("view_register", args={"slug": "vendor"}),
    "vendor_edit": Row("view_register", "edit_register", args={"slug": "vendor"}),
    "mission_list": Row("view_register"),
    "mission_add": Row("edit_register"),
    "mission_change": Row("view_register", "edit_register", args={"pk": "mission"}),
    # reports: everybody makes them and sees their own; those who answer see the others
    "ai_report_list": Row(SIGNED_IN),
    "ai_report_add": Row(SIGNED_IN),
    "ai_report": Row("edit_register|sign_screening", args={"pk": "report"}),
    "ai_report_draft": act("edit_register|sign_screening", "edit_register", args={"pk": "report"}),
    "register_export": Row("view_register"),
    "register_import": Row("edit_register"),
    "register_import_check": Row(  # the upload is gone: back to the start
        "edit_register", args={"unit": "unit", "token": "import_token"}, ok=(302,)
    ),
    "register_import_result": Row("edit_register", args={"job_id": "register_job"}),
    "view_save": Row(SIGNED_IN, method="post", ok=(302,)),
    "view_delete": Row(SIGNED_IN, args={"pk": "report"}, room=True, method="post", ok=(302, 404)),
    "flow_add": Row("view_register", "edit_register", args=SLUG),
    "flow_edit": Row("view_register", "edit_register", args=FLOW),
    "system_history": Row("view_register", args=SLUG),
    "system_approvals": Row("view_review", args=SLUG),
    "system_flows": Row("view_register", args=SLUG),
    "flow_detail": Row("view_register", args=FLOW),
    "flow_preview": act("view_register", "edit_register", args=SLUG),
    "flow_rescreen": act("view_register", "edit_register|sign_screening", args=FLOW),
    "screening_sign": act("view_register", "sign_screening", args={"pk": "screening"}),
    "law": Row("view_register"),
    # takes every unit at the top, which no caller of the matrix holds (tests/services/test_rulesets.py)
    "rule_set_add": Row("apply_law", ok=(403,), foreign=403),
    "rule_set_detail": Row("apply_law", args={"pk": "rule_set"}, ok=(403,), foreign=403, room=True),
    # assessments: the world's is a draft FRIA
    "assessment_list": Row("view_review"),
    "questionnaires": Row("view_review"),
    "system_assessments": Row("view_review", args=SLUG),
    "assessment_start": act("view_review", "edit_register", args={"slug": "slug", "kind": "assessment_kind"}),
    "assessment_detail": Row("view_review", args=DRAFT),
    "assessment_print": Row("view_review", args=DRAFT),
    "assessment_export": Row("view_review", args=DRAFT),
    "assessment_differences": Row("view_review", args=DRAFT),
    "assessment_section": Row("view_review", writes="edit_register", args={**DRAFT, "section": "section"}),
    "assessment_submit": act("view_review", "edit_register", args=DRAFT),
    "assessment_sign": Row("view_review", "sign_assessment", args=DRAFT),
    "assessment_return": Row("view_review", "sign_assessment", args=DRAFT),
    "assessment_withdraw": Row("view_review", "edit_register|sign_assessment", args=DRAFT),
    "assessment_not_owed": Row("view_review", "edit_register", args=DRAFT),
    "assessment_owed": act("view_review", "edit_register", args=DRAFT),
    "assessment_take_over": act("view_review", "edit_register", args={**DRAFT, "question": "question"}),
    "assessment_comment": act("view_review", JOIN, args=DRAFT),
    "thread_resolve": act("view_review", JOIN, args={"pk": "thread"}),
    "attachment_add": act("view_review", "edit_register", args=DRAFT),
    "attachment_download": Row("view_review", args={"pk": "attachment"}),
    "attachment_remove": act("view_review", "edit_register", args={"pk": "attachment"}),
    # review
    "request_add": Row("view_register", "request_deployment", args=SLUG),
    "request_list": Row("view_review"),
    "request_detail": Row("view_review", args={"pk": "request"}),
    "request_submit": act("view_review", args={"pk": "request"}),  # submitted before: nothing left to do
    "request_close": act("view_review", "chair", args={"pk": "request"}),
    # the forms of people (requester, seat holder, owner of the condition); the services ask who sends them
    "request_withdraw": Row("view_review", writes="request_deployment", args={"pk": "request"}),
    "request_recuse": Row("view_review", writes="comment_assessments", args={"pk": "request"}),
    "request_paper": Row("view_review", args={"pk": "request"}),
    "request_edit": Row("view_review", writes="request_deployment", args={"pk": "request"}),
    "request_return": Row("view_review", writes="chair", args={"pk": "request"}),
    "request_resubmit": Row("view_review", writes="request_deployment", args={"pk": "request"}),
    "request_extend": Row("view_review", writes="chair", args={"pk": "request"}),
    "request_report": Row("view_review", writes="chair", args={"pk": "request"}),
    "comment_add": act("view_review", args={"pk": "request"}),  # the service asks for a seat
    "comment_edit": Row("view_review", writes="comment_assessments", args={"pk": "comment"}),
    "minutes_edit": Row("view_review", writes="comment_assessments", args={"pk": "request"}),
    "condition_evidence": Row("view_review", writes="request_deployment", args={"pk": "condition"}),
    "condition_answer": Row("view_review", writes="comment_assessments", args={"pk": "condition"}),
    "council_add": Row("view_register", "request_deployment", args=SLUG),
    "document_download": Row("view_review", args={"pk": "document"}),
    "council_record": Row("view_review", writes="chair", args={"pk": "council"}),
    "deployment_detail": Row("view_review", args={"pk": "deployment"}),
    "deployment_suspend": Row("view_review", "suspend", args={"pk": "deployment"}),
    "deployment_stop": act("view_review", "suspend", args={"pk": "deployment"}),
    "deployment_reinstate": Row("view_review", "request_deployment", args={"pk": "deployment"}),
    "deployment_flow_stop": Row("view_review", "suspend", args={"pk": "deployment", "flow": "flow"}),
    "deployment_flow_reinstate": Row(
        "view_review", "request_deployment", args={"pk": "deployment", "flow": "flow"}
    ),
    "board_list": Row("view_register"),
    "board_detail": Row("view_register", args={"pk": "board"}),
    "board_add": Row("manage_board"),
    "seat_add": Row("manage_board", args={"pk": "board"}),
    "member_add": Row("manage_board", args={"pk": "seat"}),
    "board_edit": Row("manage_board", args={"pk": "board"}),
    "board_rule_edit": Row("manage_board", args={"pk": "board", "risk": "risk"}),
    "member_secretary": act("manage_board", args={"pk": "membership"}),
    "member_term": Row("manage_board", args={"pk": "membership"}),
    "member_end": Row("manage_board", args={"pk": "membership"}),
    # findings
    "finding_list": Row("view_audits"),
    "finding_detail": Row("view_audits", args={"pk": "finding"}),
    "finding_clear": Row("view_audits", "manage_findings", args={"pk": "finding"}),
    "action_add": Row("view_audits", "manage_findings", args={"pk": "finding"}),
    "action_done": Row("view_audits", "manage_findings", args={"pk": "action"}),
    # audits and jobs
    "audit_overview": Row("view_audits"),
    "audit_run_list": Row("view_audits"),
    "audit_run": Row("view_audits", args={"run_id": "run"}),
    "audit_confusion_chart": Row("view_audits", args={"run_id": "run"}),
    "audit_confusion_csv": Row("view_audits", args={"run_id": "run"}),
    "audit_misses": Row("view_audits", "view_consent", args={"run_id": "miss_run"}),
    "audit_misses_csv": Row("view_audits", "view_consent", args={"run_id": "miss_run"}),
    "system_audits": Row("view_audits", args=SLUG),
    "audit_plan": Row("view_audits", "run_audits", args={"slug": "slug", "kind": "kind"}),
    "audit_run_start": Row("view_audits", "run_audits", args={"slug": "slug", "kind": "kind"}),
    "job_list": Row(SIGNED_IN),  # one's own; the others by view_jobs
    "job_detail": Row("view_jobs", args={"job_id": "job"}),
    "job_progress": Row("view_jobs", args={"job_id": "job"}, ok=(200, 286)),
    "job_cancel": act("view_jobs", "manage_jobs", args={"job_id": "job"}),
    "job_retry": act("view_jobs", "manage_jobs", args={"job_id": "job"}),
    # figures
    "portfolio": Row("view_kpis"),
    "dashboard": Row("view_kpis", args=SLUG),
    "portfolio_chart": Row("view_kpis", args={"key": "portfolio_key", "kind": "json"}, room=True),
    "chart": Row("view_kpis", args={"slug": "slug", "key": "chart_key", "kind": "json"}),
    "values": Row("view_kpis", args=SLUG),
    # consent and import
    "consent_overview": Row("view_consent"),
    "system_consent": Row("view_consent", args=SLUG),
    "stop_list": Row("view_consent", args=SLUG),
    "retention_list": Row("view_consent", args=SLUG),
    "retention_run": Row("view_consent", "manage_consent", args=SLUG),
    "endpoint_list": Row("view_register", "edit_register|manage_keys", args=SLUG),
    "endpoint_add": Row("view_register", "edit_register|manage_keys", args=SLUG),
    "endpoint_detail": Row("view_register", "edit_register|manage_keys", args=ENDPOINT),
    "endpoint_rotate": Row("view_register", "edit_register|manage_keys", args=ENDPOINT),
    "endpoint_disable": Row("view_register", "edit_register|manage_keys", args=ENDPOINT),
    "endpoint_test": act("view_register", "edit_register|manage_keys", args=ENDPOINT),
    "endpoint_retry": act("view_register", "edit_register|manage_keys", args=ENDPOINT),
    "notice_add": Row("view_consent", "manage_consent", args=SLUG),
    "notice_detail": Row("view_consent", args={"slug": "slug", "pk": "notice"}),
    "consent_import": Row("view_consent", "manage_consent", args=SLUG),
    "consent_import_columns": Row(  # the upload is gone: back to the start
        "view_consent",
        "manage_consent",
        args={"slug": "slug", "kind": "consent_kind", "token": "import_token"},
        ok=(200, 302),
    ),
    "consent_import_result": Row(
        "view_consent", "manage_consent", args={"slug": "slug", "job_id": "consent_job"}
    ),
    "consent_desk_list": Row("record_consent"),
    "consent_desk": Row("view_register", "record_consent", args=SLUG),
    "consent_look_up": act("view_register", "record_consent", args=SLUG),
    "notice_list": Row("view_consent", args=SLUG),
    "notice_preview": act("view_consent", "manage_consent", args=SLUG),
    "notice_compare": Row("view_consent", args=SLUG),
    "reconsent_list": Row("view_consent", args=SLUG),
    "policy_edit": Row("view_consent", "edit_register|manage_consent", args=SLUG),
    "gate_try": Row("view_consent", args=SLUG, writes="view_consent"),
    "policy_compare": Row("view_consent", args=SLUG),
    "policy_check": act("view_consent", "edit_register|manage_consent", args=SLUG),
    "policy_detail": Row("view_consent", args={"slug": "slug", "version": "policy"}, writes="manage_consent"),
    # affected people and the public: whoever has the link, whoever looks; one's own answers to what is asked
    "public_register": Row(ANYBODY),
    "public_register_json": Row(ANYBODY),
    "public_system": Row(ANYBODY, args={"slug": "public_slug"}),
    "public_system_json": Row(ANYBODY, args={"slug": "public_slug"}),
    "my_page": Row(ANYBODY, args=MY),
    "my_say": Row(ANYBODY, args=MINE, method="post", ok=(403,)),  # without the proof of a form
    "my_done": Row(ANYBODY, args=MINE, ok=(302,)),  # of nothing: back to the page
    "my_readings": Row(ANYBODY, args=MINE),
    "my_contest": Row(ANYBODY, args={**MINE, "ref": "my_ref"}),
    "my_ask": Row(ANYBODY, args={**MINE, "kind": "my_kind"}),
    "my_request_withdraw": Row(ANYBODY, args={**MY, "pk": "person_request"}, method="post", ok=(403,)),
    "my_notice": Row(ANYBODY, args={**MY, "pk": "my_notice"}),
    "my_copy": Row(ANYBODY, args={**MY, "pk": "my_copy"}),
    "person_request_list": Row(ANSWERS),
    "person_request_detail": Row("answer_people", args=ASKED),
    "person_request_start": act("answer_people", args=ASKED),
    "person_request_carry_out": act("answer_people", args=ASKED),
    "person_request_answer": Row("answer_people", args=ASKED),
    "person_request_refuse": Row("answer_people", args=ASKED),
    "person_request_extend": Row("answer_people", args=ASKED),
    "personal_link_list": Row("make_links"),
    "personal_link_add": Row("make_links"),
    "personal_link_revoke": Row("make_links", args={"pk": "personal_link"}),
    "legal_hold_list": Row("answer_people"),
    "legal_hold_add": Row("answer_people"),
    "legal_hold_release": Row("answer_people", args={"pk": "legal_hold"}),
    "publication_list": Row("view_consent"),
    "publication_edit": Row("view_consent", "manage_consent", args=SLUG),
    "publication_end": Row("view_consent", "manage_consent", args=SLUG),
    "import_new": Row("import_data"),
    "import_columns": Row(  # the upload is gone: back to the start, or a page that says so
        "view_register",
        "import_data",
        args={"slug": "slug", "kind": "import_kind", "token": "import_token"},
        ok=(200, 302, 404, 410),
    ),
    "import_result": Row("view_register", "import_data", args={"slug": "slug", "job_id": "import_job"}),
    "evaluation_list": Row("view_kpis", args=SLUG),
    "evaluation_detail": Row("view_kpis", args={"slug": "slug", "pk": "evaluation"}),
    # evidence and ledger
    "pack_list": Row("export_evidence"),
    "pack_new": Row("export_evidence"),
    "pack_detail": Row("export_evidence", args={"pk": "pack"}),
    "pack_progress": Row("export_evidence", args={"pk": "pack"}, ok=(200, 286)),
    "pack_download": Row("export_evidence", args={"pk": "pack"}),
    "how_to_verify": Row(SIGNED_IN),
    "verifier": Row(ANYBODY),
    "ledger_list": Row("view_ledger"),
    "ledger_checkpoint": Row("view_ledger"),
    "ledger_leaf": Row("view_ledger", args={"index": "leaf"}),
    "ledger_proof": Row("view_ledger", args={"index": "leaf"}),
    # API
    "api_schema": Row(ANYBODY),
    "api_docs": Row(ANYBODY),
    "api_interactions": Row(
        "import_data", args=SLUG, method="post", body=ITEMS, scope="interactions:write", ok=WROTE
    ),
    "api_labels": Row("import_data", args=SLUG, method="post", body=ITEMS, scope="labels:write", ok=WROTE),
    "api_surveys": Row("import_data", args=SLUG, method="post", body=ITEMS, scope="surveys:write", ok=WROTE),
    "api_values": Row("import_data", args=SLUG, method="post", body=ITEMS, scope="values:write", ok=WROTE),
    "api_kpis": Row("view_kpis", args=SLUG, scope="kpis:read"),
    "api_audit_runs": Row(
        "run_audits", args={"slug": "slug", "kind": "kind"}, method="post", scope="audits:run", ok=WROTE
    ),
    "api_audit_plan": Row(
        "view_audits", "run_audits", args={"slug": "slug", "kind": "kind"}, scope="audits:run", ok=(200, 404)
    ),
    "api_audit_misses": Row("view_audits", "run_audits", args={"run_id": "miss_run"}, scope="audits:run"),
    "api_audit_run": Row("view_audits", "run_audits", args={"run_id": "run"}, scope="audits:run"),
    "api_pack": Row("export_evidence", args={"pk": "pack"}, scope="evidence:export"),
    "api_pack_download": Row("export_evidence", args={"pk": "pack"}, scope="evidence:export"),
    "api_personal_links": Row(
        "view_register",
        "make_links",
        method="post",
        body={"people": [{"system": "{slug}", "subject": "x"}]},
        scope="links:write",
        ok=WROTE,
    ),
    "api_personal_link_revoke": Row(
        "make_links", args={"pk": "personal_link"}, method="post", scope="links:write", ok=WROTE, key=(404,)
    ),
    "api_person_requests": Row("view_register", scope=READ),  # lists what one answers
    "api_person_request": Row("answer_people", args=ASKED, scope=READ, key=(404,)),
    **{
        f"api_person_request_{verb}": Row(
            "answer_people", args=ASKED, method="post", scope=READ, ok=WROTE, key=(404, 422), body=body
        )
        for verb, body in {
            "start": {},
            "carry_out": {},
            "answer": {"decision": "kept", "text": "So."},
            "refuse": {"reason": "No."},
            "extend": {"reason": "Much to do."},
        }.items()
    },
    "api_systems": Row("view_register", scope=READ, writes="edit_register"),
    "api_system": Row("view_register", args=SLUG, scope=READ, writes="edit_register"),
    "api_system_register": Row(
        "view_register", "edit_register", args=SLUG, method="post", scope=READ, ok=WROTE, key=(403,)
    ),
    "api_system_discard": Row(
        "view_register", "edit_register", args=SLUG, method="post", scope=READ, ok=WROTE, key=(403,)
    ),
    **{
        f"api_{plural}": Row("view_register", args=SLUG, scope=READ, writes="edit_register")
        for plural in PLURALS
    },
    **{
        f"api_{plural}_one": Row(
            "view_register",
            "edit_register",
            args={"slug": "slug", "pk": f"part_{plural}"},
            method="patch",
            scope=READ,
            ok=(428,),
            key=(403,),
        )
        for plural in PLURALS
    },
    "api_revisions": Row("view_register", args=SLUG, scope=READ),
    "api_compare": Row("view_register", args=SLUG, scope=READ, ok=(422,)),
    "api_vendors": Row("view_register", scope=READ, writes="edit_register"),
    "api_vendor": Row(
        "view_register", args={"slug": "vendor"}, scope=READ, writes="edit_register", key=(404,)
    ),
    "api_missions": Row("view_register", scope=READ, writes="edit_register"),
    "api_mission": Row(
        "view_register",
        "edit_register",
        args={"pk": "mission"},
        method="patch",
        scope=READ,
        body={"text": "Other words."},
        ok=(428,),
        key=(404,),
    ),
    "api_work": Row(SIGNED_IN, scope=READ, key=(403,)),
    "api_ai_reports": Row(SIGNED_IN, scope=READ),
    "api_ai_report": Row("edit_register|sign_screening", args={"pk": "report"}, scope=READ, key=(404,)),
    "api_ai_report_answer": Row(
        "edit_register|sign_screening", args={"pk": "report"}, method="post", scope=READ, ok=WROTE, key=(404,)
    ),
    "api_register_export": Row("view_register", scope=READ),
    "api_register_import": Row("edit_register", method="post", scope=READ, ok=(422,), key=(403,)),
    "api_register_import_job": Row("edit_register", args={"job_id": "register_job"}, scope=READ, key=(404,)),
    "api_register_import_cancel": Row(
        "edit_register",
        args={"job_id": "register_job"},
        method="post",
        scope=READ,
        ok=(200, 403, 409),
        key=(404,),
    ),
    "api_flows": Row("view_register", args=SLUG, scope=READ, writes="edit_register"),
    "api_law": Row("view_register", scope=READ),
    "api_rule_sets": Row("view_register", "apply_law", method="post", scope=READ, ok=(403,), key=(403,)),
    "api_rule_set": Row(
        "view_register", "apply_law", args={"pk": "rule_set"}, scope=READ, ok=(403,), key=(403,), room=True
    ),
    "api_rule_set_apply": Row(
        "view_register",
        "apply_law",
        args={"pk": "rule_set"},
        method="post",
        scope=READ,
        ok=(403,),
        key=(403,),
        room=True,
    ),
    "api_screenings": Row("view_register", args=SLUG, scope=READ),
    "api_flow_screen": Row(
        "view_register",
        "edit_register|sign_screening",
        args=FLOW,
        method="post",
        scope=READ,
        ok=WROTE,
        key=(403,),
    ),
    "api_system_screen": Row(
        "view_register",
        "edit_register|sign_screening",
        args=SLUG,
        method="post",
        scope=READ,
        ok=WROTE,
        key=(403,),
    ),
    "api_screening_sign": Row(
        "view_register",
        "sign_screening",
        args={"pk": "screening"},
        method="post",
        scope=READ,
        ok=WROTE,
        key=(403,),
    ),
    "api_assessments": Row("view_register", scope=READ),  # lists by view_review
    "api_system_assessments": write("edit_register", args=SLUG, key=(404,)),
    "api_assessment": Row("view_review", args=DRAFT, scope=READ, key=(404,)),
    "api_assessment_answers": write("edit_register", args=DRAFT, method="patch", key=(404,)),
    "api_assessment_submit": write("edit_register", args=DRAFT, key=(404,)),
    "api_assessment_not_owed": write("edit_register", args=DRAFT, key=(404,)),
    "api_assessment_sign": write("sign_assessment", args=DRAFT, key=(404,)),
    "api_assessment_return": write("sign_assessment", args=DRAFT, key=(404,)),
    "api_assessment_withdraw": write("edit_register|sign_assessment", args=DRAFT, key=(404,)),
    "api_assessment_comments": Row("view_review", args=DRAFT, scope=READ, writes=JOIN, key=(404,)),
    "api_assessment_attachments": Row(
        "view_review", args=DRAFT, scope=READ, writes="edit_register", key=(404,)
    ),
    "api_thread_resolve": write(JOIN, args={"pk": "thread"}, key=(404,)),
    "api_attachment": Row("view_review", args={"pk": "attachment"}, scope=READ, key=(404,)),
    "api_requests": Row("view_register", scope=READ, writes="request_deployment"),  # lists by view_review
    "api_request": Row(
        "view_review", args={"pk": "request"}, scope=READ, key=(404,), writes="request_deployment"
    ),
    "api_rounds": Row("view_review", args={"pk": "request"}, scope=READ, key=(404,)),
    "api_comments": Row("view_review", args={"pk": "request"}, scope=READ, key=(404,)),
    "api_minutes": Row("view_review", args={"pk": "request"}, scope=READ, key=(404,)),
    "api_comment": decides(
        {"text": "No.", "row_version": 1}, "comment_assessments", "comment", ok=(403, 409)
    ),  # only who wrote it
    "api_request_resubmit": decides({"answer": "So."}, "request_deployment", ok=(403,)),  # only the requester
    "api_request_withdraw": decides({"reason": "No."}, "request_deployment", ok=(403,)),
    "api_request_return": decides({"questions": "Why?"}, "chair"),
    "api_request_close": decides({}, "chair"),
    "api_request_extend": decides({"until": "2099-01-01", "reason": "Holidays."}, "chair"),
    "api_request_recuse": decides(
        {"reason": "Kin."}, "comment_assessments", ok=(409,), refused=(409,)
    ),  # no seat there
    "api_request_report": decides({"on": "2026-01-01"}, "chair"),
    "api_condition_evidence": decides({"evidence": "Done."}, "chair", "condition"),
    "api_condition_accept": decides(
        {}, "comment_assessments", "condition", ok=(403,)
    ),  # only who speaks for the seat
    "api_condition_send_back": decides({"reason": "No."}, "comment_assessments", "condition", ok=(403,)),
    "api_deployment": Row("view_review", args={"pk": "deployment"}, scope=READ, key=(404,)),
    "api_deployment_suspend": decides({"reason": "Harm."}, "suspend", "deployment"),
    "api_reinstatement": decides({"summary": "Solved."}, "request_deployment", "deployment"),
    "api_councils": Row("view_review", args=SLUG, scope=READ, writes="request_deployment", key=(404,)),
    "api_council_answer": decides(
        {"act": "refuse", "answered_on": "2020-01-01", "reason": "No.", "documents": "Letter"},
        "chair|answer_council",
        "council",
    ),
    "api_deployments": Row("view_register", scope=READ),  # lists by view_review
    "api_deployment_flow_suspend": Row(
        "view_review",
        "suspend",
        args={"pk": "deployment", "flow": "flow"},
        method="post",
        body={"reason": "Harm."},
        scope=READ,
        ok=WROTE,
        key=(403, 404),
    ),
    "api_request_paper": Row("view_review", args={"pk": "request"}, scope=READ, key=(404,)),
    "api_condition_files": Row(  # the chair hands in for an owner who is gone
        "view_review", args={"pk": "condition"}, scope=READ, writes="request_deployment|chair", key=(404,)
    ),
    "api_council_files": Row(
        "view_review",
        args={"pk": "council"},
        scope=READ,
        writes="request_deployment|answer_council|chair",
        key=(404,),
    ),
    "api_document": Row("view_review", args={"pk": "document"}, scope=READ, key=(404,)),
    "api_boards": Row("view_register", scope=READ, writes="manage_board"),
    "api_seats": managed({"discipline": "hr"}, "board"),
    "api_members": managed({"user": "00000000-0000-4000-8000-000000000000"}, "seat", ok=(422,)),
    "api_member_term": managed({"ends_on": None, "reason": "Agreed."}, "membership"),
    "api_member_end": managed({"reason": "Left."}, "membership"),
    "api_member_secretary": managed({"secretary": True}, "membership"),
    "api_board": Row("view_register", args={"pk": "board"}, scope=READ, writes="manage_board", key=(404,)),
    "api_board_rules": Row(
        "view_register",
        "manage_board",
        args={"pk": "board"},
        method="put",
        body={"risk": "minimal", "reason": "Agreed.", "row_version": 99},
        scope=READ,
        ok=WROTE,
        key=(404,),
    ),
    "api_request_submit": Row(
        "view_review",
        "request_deployment",
        args={"pk": "request"},
        method="post",
        scope=READ,
        ok=(403,),  # only the requester
        key=(403, 404),
    ),
    "api_votes": Row(
        "view_review",
        "comment_assessments",
        args={"pk": "request"},
        method="post",
        body={"choice": "approve", "reason": "The file is complete."},
        scope=READ,
        ok=(403, 409),  # no caller of the matrix sits on this board
        refused=(403, 409),
        key=(403, 404),
    ),
    "api_findings": Row("view_register", scope=READ),  # lists by view_audits
    "api_finding": Row("view_audits", args={"pk": "finding"}, scope=READ),
    "api_notices": Row("view_consent", args=SLUG, scope="consent:read", writes="manage_consent"),
    "api_notice": Row("view_consent", args={"slug": "slug", "pk": "notice"}, scope="consent:read"),
    "api_notices_served": Row(
        "view_register",
        "manage_consent",
        args=SLUG,
        method="post",
        body=ITEMS,
        scope="consent:write",
        ok=WROTE,
    ),
    "api_policies": Row("view_consent", args=SLUG, scope="consent:read"),
    "api_policy": Row("view_consent", args={"slug": "slug", "version": "policy"}, scope="consent:read"),
    "api_policy_draft": Row(
        "view_register",
        "manage_consent",
        args=SLUG,
        method="post",
        scope="policies:write",
        ok=WROTE,
    ),
    "api_policy_approve": Row(  # a person approves, never a key
        "view_register",
        "manage_consent",
        args={"slug": "slug", "version": "policy"},
        method="post",
        scope="policies:write",
        ok=WROTE,
        key=(403,),
    ),
    "api_consent_records": Row("view_consent", args=SLUG, scope="consent:read", ok=RECORDED),
    "api_consent_record": Row("view_consent", args=CONSENT, scope="consent:read", ok=RECORDED),
    "api_consent_receipt": Row("view_consent", args=CONSENT, scope="consent:read", ok=RECORDED),
    "api_retention": Row("view_register", "view_consent", args=SLUG, scope="consent:read"),
    "api_stops": Row("view_register", "view_consent", args=SLUG, scope="decisions:read"),
    "api_stop_acknowledge": Row(
        "view_register",
        "import_data",
        args={"pk": "stop"},
        method="post",
        body={},
        scope="stops:write",
        ok=WROTE,
    ),
    "api_subject_refs": Row(
        "view_register",
        "manage_consent",
        args=SLUG,
        method="post",
        body={"subjects": ["customer-1"]},
        scope="consent:write",
    ),
    # the system stands in the body
    "api_packs": Row(
        "export_evidence",
        method="post",
        body={"systems": ["{slug}"], "from": "2026-01-01", "to": "2026-02-01"},
        scope="evidence:export",
        ok=WROTE,
    ),
    "api_consent_events": Row(
        "manage_consent",
        method="post",
        body={"system": "{slug}", "items": []},
        scope="consent:write",
        ok=WROTE,
    ),
    "api_decisions": Row(
        "view_consent",
        method="post",
        body={"system": "{slug}", "items": []},
        scope="decisions:read",
        ok=WROTE,
    ),
}
IN_BODY = {
    "api_packs",
    "api_personal_links",
    "api_consent_events",
    "api_decisions",
}  # things whose system is named in the body
