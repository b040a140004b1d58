DROP TABLE audit, login_failures, revocations, refresh_tokens, sessions, users;
DROP FUNCTION refuse_change();
DROP EXTENSION IF EXISTS pg_trgm;
