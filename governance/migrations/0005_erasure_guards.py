"""The one narrow way past the guards of what people said and were shown: an erasure, and the turning of the pseudonym key.

An update passes where a row of governance_erasure that is not done names this subject (such a row exists inside the
transaction of an erasure only), the setting of this transaction names that row, nothing but the columns below differs,
and they hold what an erasure leaves behind; or where the key of the system is being rotated and `content` alone differs.
"""

from django.db import migrations

GUARD = """
CREATE OR REPLACE FUNCTION governance_consent_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erasure text := nullif(current_setting('attune.erasure', true), '');
    rekeying text := nullif(current_setting('attune.rekeying', true), '');
    personal text[] := ARRAY['source_event', 'content', 'evidence_hash', 'method', 'minor', 'effective_at',
                             'recorded_at', 'expires_at'];
BEGIN
    IF TG_OP = 'UPDATE' AND erasure IS NOT NULL
       AND EXISTS (SELECT 1 FROM governance_erasure e WHERE e.id::text = erasure AND e.done_at IS NULL
                   AND e.system_id = OLD.system_id AND OLD.subject_id = ANY(e.subjects))
       AND to_jsonb(NEW) - personal = to_jsonb(OLD) - personal
       AND NEW.source_event LIKE 'erased-%' AND NEW.content = '00000000-0000-0000-0000-000000000000'
       AND NEW.evidence_hash = '' AND NEW.method = '' AND NEW.minor = 'unknown'
       AND date_trunc('day', NEW.effective_at, 'UTC') = date_trunc('day', OLD.effective_at, 'UTC')
       AND date_trunc('day', NEW.recorded_at, 'UTC') = date_trunc('day', OLD.recorded_at, 'UTC')
       AND (NEW.expires_at IS NULL) = (OLD.expires_at IS NULL) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND rekeying IS NOT NULL AND rekeying = OLD.system_id::text
       AND EXISTS (SELECT 1 FROM governance_pseudonymkey k WHERE k.system_id = OLD.system_id AND k.rotating)
       AND to_jsonb(NEW) - 'content' = to_jsonb(OLD) - 'content' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER consent_event_append_only ON governance_consentevent;
CREATE TRIGGER consent_event_append_only BEFORE UPDATE OR DELETE ON governance_consentevent
    FOR EACH ROW EXECUTE FUNCTION governance_consent_event_guard();
CREATE OR REPLACE FUNCTION governance_notice_served_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erasure text := nullif(current_setting('attune.erasure', true), '');
    rekeying text := nullif(current_setting('attune.rekeying', true), '');
    personal text[] := ARRAY['source_event', 'content', 'served_at', 'recorded_at'];
BEGIN
    IF TG_OP = 'UPDATE' AND erasure IS NOT NULL
       AND EXISTS (SELECT 1 FROM governance_erasure e WHERE e.id::text = erasure AND e.done_at IS NULL
                   AND e.system_id = OLD.system_id AND OLD.subject_id = ANY(e.subjects))
       AND to_jsonb(NEW) - personal = to_jsonb(OLD) - personal
       AND NEW.source_event LIKE 'erased-%' AND NEW.content = '00000000-0000-0000-0000-000000000000'
       AND NEW.served_at = date_trunc('day', OLD.served_at, 'UTC')
       AND NEW.recorded_at = date_trunc('day', OLD.recorded_at, 'UTC') THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND rekeying IS NOT NULL AND rekeying = OLD.system_id::text
       AND EXISTS (SELECT 1 FROM governance_pseudonymkey k WHERE k.system_id = OLD.system_id AND k.rotating)
       AND to_jsonb(NEW) - 'content' = to_jsonb(OLD) - 'content' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER notice_served_append_only ON governance_noticeserved;
CREATE TRIGGER notice_served_append_only BEFORE UPDATE OR DELETE ON governance_noticeserved
    FOR EACH ROW EXECUTE FUNCTION governance_notice_served_guard();
"""
UNGUARD = """
DROP TRIGGER consent_event_append_only ON governance_consentevent;
CREATE TRIGGER consent_event_append_only BEFORE UPDATE OR DELETE ON governance_consentevent
    FOR EACH ROW EXECUTE FUNCTION governance_consent_deny();
DROP FUNCTION governance_consent_event_guard();
DROP TRIGGER notice_served_append_only ON governance_noticeserved;
CREATE TRIGGER notice_served_append_only BEFORE UPDATE OR DELETE ON governance_noticeserved
    FOR EACH ROW EXECUTE FUNCTION governance_consent_deny();
DROP FUNCTION governance_notice_served_guard();
"""


class Migration(migrations.Migration):
    """The guard of the consent events, with its two ways through."""

    dependencies = [("governance", "0004_review_guards")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
