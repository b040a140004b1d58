DROP VIEW end_of_day_balances, statements;
DROP FUNCTION balance_at, info, purchase, undo_transfer, transfer, grant_coins, earlier_answer, require_moved,
    lock_purse, digest_of, sink, till, mint;
DROP TABLE postings, operations, accounts, assets;
DROP DOMAIN amount, holding, section;
DROP TYPE operation_kind;
