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
