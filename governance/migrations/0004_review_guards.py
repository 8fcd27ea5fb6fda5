"""What a board said stays said: votes, recusals, ended rounds, closed minutes, answers of the works council, files.

So does what a vote takes, from the submission on.
"""

from django.db import migrations

GUARDS = """
CREATE OR REPLACE FUNCTION governance_review_deny() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'kept as it was: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER vote_never_changed BEFORE UPDATE OR DELETE ON governance_vote
    FOR EACH ROW EXECUTE FUNCTION governance_review_deny();
CREATE TRIGGER recusal_never_changed BEFORE UPDATE OR DELETE ON governance_recusal
    FOR EACH ROW EXECUTE FUNCTION governance_review_deny();
CREATE TRIGGER round_kept_once_ended BEFORE UPDATE OR DELETE ON governance_round
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION governance_review_deny();
CREATE TRIGGER round_rule_never_changed BEFORE UPDATE ON governance_round
    FOR EACH ROW WHEN ((OLD.owner_id, OLD.quorum, OLD.majority, OLD.required, OLD.casting_vote)
        IS DISTINCT FROM (NEW.owner_id, NEW.quorum, NEW.majority, NEW.required, NEW.casting_vote))
    EXECUTE FUNCTION governance_review_deny();
CREATE TRIGGER minutes_kept_once_closed BEFORE UPDATE OR DELETE ON governance_minutes
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION governance_review_deny();
CREATE TRIGGER council_answer_never_changed BEFORE UPDATE OR DELETE ON governance_councilanswer
    FOR EACH ROW EXECUTE FUNCTION governance_review_deny();
CREATE TRIGGER document_never_changed BEFORE UPDATE OR DELETE ON governance_document
    FOR EACH ROW EXECUTE FUNCTION governance_review_deny();
"""
UNGUARD = """
DROP TRIGGER vote_never_changed ON governance_vote;
DROP TRIGGER recusal_never_changed ON governance_recusal;
DROP TRIGGER round_kept_once_ended ON governance_round;
DROP TRIGGER round_rule_never_changed ON governance_round;
DROP TRIGGER minutes_kept_once_closed ON governance_minutes;
DROP TRIGGER council_answer_never_changed ON governance_councilanswer;
DROP TRIGGER document_never_changed ON governance_document;
DROP FUNCTION governance_review_deny();
"""


class Migration(migrations.Migration):
    """Guards of the review tables."""

    dependencies = [("governance", "0003_consent_guards")]
    operations = [migrations.RunSQL(GUARDS, UNGUARD)]
