"""What the types of events are called on pages; a type without a line here shows its own words."""

from django.utils.translation import gettext

from portal.errors import N_

LABELS: dict[str, str] = {
    "people.user_created": N_("Made the account"),
    "people.user_changed": N_("Changed the account"),
    "people.password_link_made": N_("Made a link to set a password"),
    "people.role_granted": N_("Gave a role"),
    "people.role_revoked": N_("Ended a role"),
    "people.unit_created": N_("Added a unit"),
    "people.unit_renamed": N_("Renamed a unit"),
    "people.unit_moved": N_("Moved a unit"),
    "people.api_key_created": N_("Made an API key"),
    "people.api_key_revoked": N_("Revoked an API key"),
    "register.system_registered": N_("Registered the system"),
    "register.system_changed": N_("Changed the description of the system"),
    "register.version_added": N_("Added a version"),
    "register.flow_added": N_("Described a data flow"),
    "register.flow_changed": N_("Changed a data flow"),
    "register.goal_added": N_("Set a goal"),
    "screening.made": N_("Screened a data flow"),
    "screening.signed": N_("Signed a legal outcome"),
    "finding.opened": N_("Opened a finding"),
    "finding.seen_again": N_("Saw a finding again"),
    "finding.cleared": N_("Cleared a finding"),
    "finding.action_added": N_("Agreed on a corrective action"),
    "finding.action_completed": N_("Completed a corrective action"),
    "board.created": N_("Set up a board"),
    "board.seat_added": N_("Added a seat"),
    "board.member_appointed": N_("Appointed a member"),
    "board.member_dismissed": N_("Ended a membership"),
    "review.request_drafted": N_("Drafted a request for a deployment"),
    "review.request_submitted": N_("Submitted the request to the board"),
    "review.request_withdrawn": N_("Withdrew the request"),
    "review.request_overtaken": N_("A change took the request out of review"),
    "review.request_decided": N_("The vote closed with a decision"),
    "review.vote_cast": N_("A seat voted"),
    "review.recused": N_("A member stepped back"),
    "review.condition_met": N_("Met a condition"),
    "review.deployment_in_force": N_("Put the deployment in force"),
    "review.deployment_suspended": N_("Suspended the deployment"),
    "review.deployment_reinstated": N_("Reinstated the deployment"),
    "review.deployment_lapsed": N_("The deployment lapsed"),
    "review.deployment_voided": N_("The approval became void"),
    "review.flows_voided": N_("The approval of data flows became void"),
    "review.flow_suspended": N_("Stopped a data flow"),
    "review.flow_reinstated": N_("Reinstated a data flow"),
    "ledger.body_erased": N_("Erased what an event said"),
    "evidence.pack_requested": N_("Asked for an evidence pack"),
    "evidence.pack_made": N_("Made an evidence pack"),
    "evidence.pack_downloaded": N_("Downloaded an evidence pack"),
}


def label(type: str) -> str:
    """The words for a type of event, in the language of the reader."""
    if type in LABELS:
        return gettext(LABELS[type])
    area, _, act = type.partition(".")
    return f"{area.replace('_', ' ').capitalize()}: {act.replace('_', ' ').replace('.', ' ')}"
