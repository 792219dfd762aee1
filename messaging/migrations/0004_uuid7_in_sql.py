"""Time-ordered UUIDs (RFC 9562, version 7) for rows that are made in SQL; PostgreSQL has its own from 18 on."""
from django.db import migrations

CREATE = """
DO $do$
BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        EXECUTE $fn$
            CREATE OR REPLACE FUNCTION huntaze_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
            AS 'SELECT uuidv7()'
        $fn$;
    ELSE
        EXECUTE $fn$
            CREATE OR REPLACE FUNCTION huntaze_uuid7() RETURNS uuid LANGUAGE plpgsql VOLATILE PARALLEL SAFE
            AS $body$
            DECLARE
                random bytea := uuid_send(gen_random_uuid());
                millis bytea := int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint);
            BEGIN
                random := overlay(random PLACING substring(millis FROM 3 FOR 6) FROM 1 FOR 6);
                random := set_byte(random, 6, (get_byte(random, 6) & 15) | 112);
                RETURN encode(random, 'hex')::uuid;
            END
            $body$
        $fn$;
    END IF;
END
$do$
"""


class Migration(migrations.Migration):
    dependencies = [("messaging", "0003_fan_caps")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION IF EXISTS huntaze_uuid7()")]
