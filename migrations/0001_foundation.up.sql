-- Default rights, and what all later migrations use.
--
-- tuckshop_owner makes and changes the schema. tuckshop_app, the role of the workers, may only read what it is granted,
-- and call functions. Both roles exist already (deploy/roles.sql).
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tuckshop_app;

-- Without this, every role could call every function that is made from here on.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Readiness compares this with the version that the worker was built for. The function is PL/pgSQL, like the shop's
-- functions, so that a server that cannot load PL/pgSQL is not ready.
CREATE FUNCTION schema_version() RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(max(version), 0) FROM schema_migrations);
END $$;
GRANT SELECT ON schema_migrations TO tuckshop_app;
GRANT EXECUTE ON FUNCTION schema_version() TO tuckshop_app;

-- The most that an account can hold and a price can be: 2^53 - 1, because JSON can tell no greater number.
CREATE FUNCTION greatest_holding() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 9007199254740991;
-- The price of an item is checked with it.
GRANT EXECUTE ON FUNCTION greatest_holding() TO tuckshop_app;
