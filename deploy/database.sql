-- Rights inside Attune's database, once per database, as an administrator of the server (see roles.sql).
-- Safe to run again. Migrations later take rights away from attune_app where a table is append-only.
ALTER SCHEMA public OWNER TO attune_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO attune_app, attune_ledger;
ALTER DEFAULT PRIVILEGES FOR ROLE attune_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO attune_app;
ALTER DEFAULT PRIVILEGES FOR ROLE attune_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO attune_app;
ALTER DEFAULT PRIVILEGES FOR ROLE attune_owner IN SCHEMA public GRANT SELECT ON TABLES TO attune_ledger;
ALTER DEFAULT PRIVILEGES FOR ROLE attune_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO attune_ledger;
DO $$
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO attune_owner, attune_app, attune_ledger', current_database());
END
$$;
