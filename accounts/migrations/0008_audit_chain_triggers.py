"""The chain is append-only too; retention may clear addresses and forget rows, each under a name it has to say; rows
from before are signed."""

from django.db import migrations

from accounts.rules import audit_chain
from huntaze.kernel import crypto

FORWARD = """
CREATE OR REPLACE FUNCTION accounts_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    deed text := current_setting('huntaze.audit', true);
BEGIN
    IF TG_TABLE_NAME = 'accounts_auditevent' THEN
        IF TG_OP = 'DELETE' AND deed = 'forget' THEN
            RETURN OLD;
        END IF;
        IF TG_OP = 'UPDATE' AND deed = 'clear' AND NEW.ip IS NULL AND NEW.user_agent = '' THEN
            NEW.ip := OLD.ip;
            NEW.user_agent := OLD.user_agent;
            IF NEW IS NOT DISTINCT FROM OLD THEN
                NEW.ip := NULL;
                NEW.user_agent := '';
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_block_append_only BEFORE UPDATE OR DELETE ON accounts_auditblock
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_append_only();
"""
BACKWARD = """
DROP TRIGGER audit_block_append_only ON accounts_auditblock;
CREATE OR REPLACE FUNCTION accounts_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'accounts_auditevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
"""
SWITCH = "ALTER TABLE accounts_auditevent {} TRIGGER audit_append_only"


def sign(apps, schema_editor):
    """What was written before rows were signed; the signature says what stood there today."""
    rows = apps.get_model("accounts", "AuditEvent")._base_manager.filter(mac=b"")
    if not rows.exists():
        return
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute(SWITCH.format("DISABLE"))
    while batch := list(rows.order_by("pk")[:2000]):
        for row in batch:
            text = audit_chain.canonical(
                uid=str(row.uid),
                workspace_id=row.workspace_id,
                actor=(row.actor_kind, row.actor_user_id, row.actor_member_id, row.actor_key_id),
                action=row.action,
                target=row.target,
                changes=row.changes,
                reason=row.reason,
                trace_id=row.trace_id,
                at=row.at,
                origin_digest=None,
            )
            row.mac = crypto.blind_index(text, purpose="audit-event")
        rows.bulk_update(batch, ["mac"], batch_size=500)
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute(SWITCH.format("ENABLE"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_audit_chain")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunPython(sign, migrations.RunPython.noop),
    ]
