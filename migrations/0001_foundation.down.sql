DROP FUNCTION greatest_holding(), schema_version();
REVOKE SELECT ON schema_migrations FROM tuckshop_app;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
REVOKE USAGE ON SCHEMA public FROM tuckshop_app;
