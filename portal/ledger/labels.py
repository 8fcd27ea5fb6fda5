"""What the types of events are called on pages; a type without a line here shows its own words."""

from django.utils.translation import gettext

from portal.errors import N_

LABELS: dict[str, str] = {
    "assessment.answers_saved": N_("Saved answers of an assessment"),
    "assessment.commented": N_("Commented on an assessment"),
    "assessment.file_added": N_("Added a file to an assessment"),
    "assessment.file_downloaded": N_("Downloaded a file of an assessment"),
    "assessment.file_removed": N_("Removed a file from an assessment"),
    "assessment.returned": N_("Returned an assessment with questions"),
    "assessment.revoked": N_("Took back the signature under an assessment"),
    "assessment.said_not_owed": N_("Said that an assessment is not owed"),
    "assessment.said_owed": N_("Said that an assessment is owed"),
    "assessment.signed": N_("Signed an assessment"),
    "assessment.started": N_("Began an assessment"),
    "assessment.submitted": N_("Submitted an assessment for signature"),
    "assessment.superseded": N_("An assessment was replaced by a later version"),
    "assessment.thread_reopened": N_("Opened a thread again"),
    "assessment.thread_resolved": N_("Settled a thread"),
    "assessment.withdrawn": N_("Withdrew an assessment"),
    "audit.planned": N_("Set the targets of an audit"),
    "audit.run_finished": N_("Finished an audit"),
    "audit.run_requested": N_("Asked for an audit"),
    "board.created": N_("Created a board"),
    "board.member_appointed": N_("Appointed a board member"),
    "board.member_dismissed": N_("Dismissed a board member"),
    "board.seat_added": N_("Added a seat to a board"),
    "consent.events_recorded": N_("Recorded consent events"),
    "consent.notice_published": N_("Published a notice"),
    "consent.policy_approved": N_("Approved a data-use policy"),
    "consent.policy_drafted": N_("Drafted a data-use policy"),
    "evidence.pack_downloaded": N_("Downloaded an evidence pack"),
    "evidence.pack_made": N_("Made an evidence pack"),
    "evidence.pack_requested": N_("Asked for an evidence pack"),
    "finding.action_added": N_("Added a corrective action"),
    "finding.action_completed": N_("Completed a corrective action"),
    "finding.cleared": N_("Cleared a finding"),
    "finding.opened": N_("Opened a finding"),
    "finding.seen_again": N_("Saw a finding again"),
    "ingest.batch_received": N_("Received interactions"),
    "ingest.evaluation_imported": N_("Imported an evaluation set"),
    "job.cancel_requested": N_("Asked to stop a job"),
    "job.retried": N_("Tried a job again"),
    "law.rule_set_applied": N_("Applied a set of legal rules"),
    "law.rule_set_received": N_("Brought in a set of legal rules"),
    "ledger.body_erased": N_("Erased what an event said"),
    "people.api_key_created": N_("Created an API key"),
    "people.api_key_revoked": N_("Revoked an API key"),
    "people.calendar_ended": N_("Ended a calendar address"),
    "people.calendar_made": N_("Made a calendar address"),
    "people.password_link_made": N_("Made a link to set a password"),
    "people.role_granted": N_("Gave a role"),
    "people.role_revoked": N_("Ended a role"),
    "people.unit_created": N_("Created a unit"),
    "people.unit_moved": N_("Moved a unit"),
    "people.unit_renamed": N_("Renamed a unit"),
    "people.user_changed": N_("Changed a person's account"),
    "people.user_created": N_("Created a person's account"),
    "register.flow_added": N_("Added a data flow"),
    "register.flow_changed": N_("Changed a data flow"),
    "register.goal_added": N_("Set a goal"),
    "register.system_changed": N_("Changed a system"),
    "register.system_registered": N_("Registered a system"),
    "register.version_added": N_("Added a version"),
    "review.condition_met": N_("Met a condition"),
    "review.deployment_in_force": N_("Put a deployment in force"),
    "review.deployment_lapsed": N_("A deployment lapsed"),
    "review.deployment_reinstated": N_("Reinstated a deployment"),
    "review.deployment_suspended": N_("Suspended a deployment"),
    "review.deployment_voided": N_("Voided a deployment"),
    "review.flow_reinstated": N_("Reinstated a data flow"),
    "review.flow_suspended": N_("Suspended a data flow"),
    "review.flows_voided": N_("Voided data flows"),
    "review.recused": N_("Stepped back for a conflict of interest"),
    "review.request_decided": N_("Decided a request"),
    "review.request_drafted": N_("Drafted a request"),
    "review.request_overtaken": N_("A request was overtaken by a change"),
    "review.request_submitted": N_("Submitted a request"),
    "review.request_withdrawn": N_("Withdrew a request"),
    "review.vote_cast": N_("Cast a vote"),
    "rollups.put_right": N_("Put sums right"),
    "screening.made": N_("Screened a data flow"),
    "screening.signed": N_("Signed a screening"),
    "values.recorded": N_("Recorded costs and benefits"),
}


def label(type: str) -> str:
    """The words for a type of event, in the language of the reader."""
    if type in LABELS:
        return gettext(LABELS[type])
    area, _, act = type.partition(".")
    return f"{area.replace('_', ' ').capitalize()}: {act.replace('_', ' ').replace('.', ' ')}"


def choices() -> list[tuple[str, str]]:
    """The known types with their words, for a list to choose from."""
    return sorted(((type, gettext(text)) for type, text in LABELS.items()), key=lambda row: row[1])
