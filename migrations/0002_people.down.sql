DROP TABLE audit, known_networks, login_failures, revocations, refresh_tokens, sessions, identities, users;
DROP FUNCTION refuse_change();
DROP EXTENSION IF EXISTS pg_trgm;
