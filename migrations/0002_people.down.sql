DROP TABLE audit, known_networks, login_failures, revocations, refresh_tokens, sessions, users;
DROP FUNCTION refuse_change();
DROP EXTENSION IF EXISTS pg_trgm;
