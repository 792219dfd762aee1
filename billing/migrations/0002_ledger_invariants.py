"""What the database itself holds about the ledger: entries are only added, every transaction sums to 0 within one
workspace and unit, and balances are moved by entries and by nothing else."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION billing_ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint;
    legs bigint;
    total numeric;
BEGIN
    IF TG_TABLE_NAME = 'billing_ledgerentry' THEN
        wanted := NEW.transaction_id;
    ELSE
        wanted := NEW.id;
    END IF;
    SELECT count(*), coalesce(sum(amount), 0) INTO legs, total
      FROM billing_ledgerentry WHERE transaction_id = wanted;
    IF legs < 2 OR total <> 0 THEN
        RAISE EXCEPTION 'ledger transaction % has % entries with the sum %', wanted, legs, total
              USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_transaction_balanced';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION billing_ledger_apply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    side billing_ledgeraccount;
    deed billing_ledgertransaction;
BEGIN
    UPDATE billing_ledgeraccount SET balance = balance + NEW.amount WHERE id = NEW.account_id RETURNING * INTO side;
    SELECT * INTO deed FROM billing_ledgertransaction WHERE id = NEW.transaction_id;
    IF (side.workspace_id, side.unit) IS DISTINCT FROM (deed.workspace_id, deed.unit)
       OR NEW.workspace_id IS DISTINCT FROM deed.workspace_id THEN
        RAISE EXCEPTION 'an entry of another workspace or unit than its transaction'
              USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_of_its_transaction';
    END IF;
    IF side.kind IN ('available', 'reserved', 'refunded') OR NEW.grant_id IS NOT NULL THEN
        UPDATE billing_grant
           SET remaining = remaining + CASE side.kind WHEN 'available' THEN NEW.amount ELSE 0 END,
               reserved = reserved + CASE side.kind WHEN 'reserved' THEN NEW.amount ELSE 0 END,
               clawed_back = clawed_back + CASE side.kind WHEN 'refunded' THEN NEW.amount ELSE 0 END
         WHERE id = NEW.grant_id AND workspace_id = side.workspace_id AND unit = side.unit;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'an entry on % names no grant of its workspace and unit', side.kind
                  USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_of_its_grant';
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION billing_moved_by_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 THEN
        RETURN NEW;
    END IF;
    IF TG_TABLE_NAME = 'billing_ledgeraccount' THEN
        IF TG_OP = 'INSERT' AND NEW.balance = 0 THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.remaining = 0 AND NEW.reserved = 0 AND NEW.clawed_back = 0 THEN
            RETURN NEW;
        END IF;
    ELSIF (NEW.id, NEW.workspace_id, NEW.unit, NEW.amount, NEW.remaining, NEW.reserved, NEW.clawed_back)
        = (OLD.id, OLD.workspace_id, OLD.unit, OLD.amount, OLD.remaining, OLD.reserved, OLD.clawed_back) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is moved by ledger entries only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ledger_transaction_append_only BEFORE UPDATE OR DELETE ON billing_ledgertransaction
    FOR EACH ROW EXECUTE FUNCTION billing_ledger_append_only();
CREATE TRIGGER ledger_transaction_no_truncate BEFORE TRUNCATE ON billing_ledgertransaction
    FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_append_only();
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION billing_ledger_append_only();
CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON billing_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_append_only();
CREATE TRIGGER ledger_entry_apply AFTER INSERT ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION billing_ledger_apply();
CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON billing_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_ledger_balanced();
CREATE CONSTRAINT TRIGGER ledger_transaction_balanced AFTER INSERT ON billing_ledgertransaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_ledger_balanced();
CREATE TRIGGER ledger_account_moved BEFORE INSERT OR UPDATE ON billing_ledgeraccount
    FOR EACH ROW EXECUTE FUNCTION billing_moved_by_entries();
CREATE TRIGGER grant_moved BEFORE INSERT OR UPDATE ON billing_grant
    FOR EACH ROW EXECUTE FUNCTION billing_moved_by_entries();

-- An entry's foreign key locks its transaction's row, for which the right to update one column is needed.
REVOKE UPDATE, DELETE, TRUNCATE ON billing_ledgerentry, billing_ledgertransaction FROM CURRENT_USER, PUBLIC;
GRANT UPDATE (id) ON billing_ledgertransaction TO CURRENT_USER;
"""
BACKWARD = """
GRANT UPDATE, DELETE, TRUNCATE ON billing_ledgerentry, billing_ledgertransaction TO CURRENT_USER;
DROP TRIGGER grant_moved ON billing_grant;
DROP TRIGGER ledger_account_moved ON billing_ledgeraccount;
DROP TRIGGER ledger_transaction_balanced ON billing_ledgertransaction;
DROP TRIGGER ledger_entry_balanced ON billing_ledgerentry;
DROP TRIGGER ledger_entry_apply ON billing_ledgerentry;
DROP TRIGGER ledger_entry_no_truncate ON billing_ledgerentry;
DROP TRIGGER ledger_entry_append_only ON billing_ledgerentry;
DROP TRIGGER ledger_transaction_no_truncate ON billing_ledgertransaction;
DROP TRIGGER ledger_transaction_append_only ON billing_ledgertransaction;
DROP FUNCTION billing_moved_by_entries();
DROP FUNCTION billing_ledger_apply();
DROP FUNCTION billing_ledger_balanced();
DROP FUNCTION billing_ledger_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
