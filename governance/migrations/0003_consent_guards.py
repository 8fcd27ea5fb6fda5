"""Consent events are only ever added, an approved policy and a published notice never change: triggers see to it."""

from django.db import migrations

GUARDS = """
CREATE OR REPLACE FUNCTION governance_consent_deny() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER consent_event_append_only BEFORE UPDATE OR DELETE ON governance_consentevent
    FOR EACH ROW EXECUTE FUNCTION governance_consent_deny();
CREATE TRIGGER notice_never_changed BEFORE UPDATE OR DELETE ON governance_notice
    FOR EACH ROW EXECUTE FUNCTION governance_consent_deny();
CREATE TRIGGER notice_served_append_only BEFORE UPDATE OR DELETE ON governance_noticeserved
    FOR EACH ROW EXECUTE FUNCTION governance_consent_deny();
CREATE TRIGGER policy_frozen_once_approved BEFORE UPDATE OR DELETE ON governance_policy
    FOR EACH ROW WHEN (OLD.state = 'approved') EXECUTE FUNCTION governance_consent_deny();
"""
UNGUARD = """
DROP TRIGGER consent_event_append_only ON governance_consentevent;
DROP TRIGGER notice_never_changed ON governance_notice;
DROP TRIGGER notice_served_append_only ON governance_noticeserved;
DROP TRIGGER policy_frozen_once_approved ON governance_policy;
DROP FUNCTION governance_consent_deny();
"""


class Migration(migrations.Migration):
    """Guards of the consent tables."""

    dependencies = [("governance", "0002_initial")]
    operations = [migrations.RunSQL(GUARDS, UNGUARD)]
