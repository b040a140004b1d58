REVOKE ALL ON schema_migrations, users, identities, sessions, refresh_tokens, revocations, login_failures, known_networks
    FROM tuckshop_auth, tuckshop_ops;
REVOKE EXECUTE ON FUNCTION expire_reservation, roll_up, schema_version FROM tuckshop_auth, tuckshop_ops;
GRANT EXECUTE ON FUNCTION roll_up TO tuckshop_app;
REVOKE USAGE ON SCHEMA public FROM tuckshop_auth, tuckshop_ops;
DROP FUNCTION add_classifier_by_admin, set_variants_by_admin, set_stock_by_admin, adjust_by_admin, add_items_by_service, note_change, next_generation, remove_person, change_person,
    provision_person, register_person, register_people, welcome_newcomers, rename_oneself, add_person, welcome, welcome_key, require_admin, require_role, is_owner;
DROP TABLE settings;
-- REVOKE of the table takes the columns' rights along.
REVOKE ALL ON users FROM tuckshop_app;
GRANT SELECT, INSERT, UPDATE ON users, identities, sessions, refresh_tokens, revocations, login_failures TO tuckshop_app;
GRANT DELETE ON sessions, refresh_tokens, revocations, login_failures TO tuckshop_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON known_networks TO tuckshop_app;
GRANT SELECT, INSERT ON audit TO tuckshop_app;
GRANT EXECUTE ON FUNCTION grant_coins, add_items, adjust, set_stock TO tuckshop_app;
