-- The ground the shop's tables stand on: who may do what by default.
-- tuckshop_owner makes and changes the schema; tuckshop_app, as which workers sign in, may only read what
-- it is granted and call functions. Both roles exist before (deploy/roles.sql).
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tuckshop_app;

-- A function is callable by everybody unless this is said before it is made.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Readiness compares the schema's version with the one the worker was built for. The answer comes through PL/pgSQL, in
-- which the shop's functions are written: a server that cannot load it is not ready.
CREATE FUNCTION schema_version() RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(max(version), 0) FROM schema_migrations);
END $$;
GRANT SELECT ON schema_migrations TO tuckshop_app;
GRANT EXECUTE ON FUNCTION schema_version() TO tuckshop_app;
