-- The three roles of Attune, once per PostgreSQL server, as an administrator of that server:
--     psql -d postgres -f deploy/roles.sql
--     psql -d postgres -c "ALTER ROLE attune_owner PASSWORD '…'"    (likewise attune_app and attune_ledger)
--     createdb -O attune_owner attune
--     psql -d attune -f deploy/database.sql
-- Safe to run again. attune_owner owns the tables and is used by migrations only; attune_app is what the web and the
-- workers sign in as; attune_ledger is the only role that may append to the ledger's tree.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['attune_owner', 'attune_app', 'attune_ledger'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name);
    END IF;
  END LOOP;
END
$$;
