"""What the running application may do in the database: read and write rows. Migrations run as the owner of the tables;
who takes over a connection of the application can neither change a table, nor drop one, nor lift a trigger."""

from django.db import connection, transaction

#: What the owner of each table may do itself. The ledger and the audit log have less than the rest: a right that their
#: migrations took away stays away.
_TABLES = """
SELECT c.relname, array_agg(a.privilege_type::text)
  FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.grantee = c.relowner
 GROUP BY c.relname
"""
#: MAINTAIN (PostgreSQL 17) renews statistics after much was written.
_ROWS = {"SELECT", "INSERT", "UPDATE", "DELETE", "MAINTAIN"}
_READ_ONLY = {"django_migrations"}


def grant(role: str) -> None:
    """Give `role` its rights on every table of now, and take any other away from it.

    Raises ProgrammingError when there is no such role or the tables belong to somebody else.
    """
    to = connection.ops.quote_name(role)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {to}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {to}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {to}")
        cursor.execute(_TABLES)
        for table, held in cursor.fetchall():
            rights = {"SELECT"} if table in _READ_ONLY else _ROWS & set(held)
            words = ", ".join(sorted(rights))
            cursor.execute(f"GRANT {words} ON {connection.ops.quote_name(table)} TO {to}")
