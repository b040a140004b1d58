DROP FUNCTION require_moved, lock_purse, digest_of, sink, till, mint, earlier_answer, balance_at;
DROP VIEW end_of_day_balances, statements, purses;
DROP TABLE postings, operations, accounts;
DROP TRIGGER items_have_a_standard_variant ON items;
DROP FUNCTION open_standard_variants;
DROP TABLE assets;
DROP DOMAIN amount, holding, section;
DROP TYPE operation_kind;
