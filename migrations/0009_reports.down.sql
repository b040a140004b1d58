DROP FUNCTION daily_inventory, posting_before, forget_totals, roll_up, circulation_after, purchases_after, transfers_after,
    operations_after;
DROP TABLE rollup, purchase_totals, transfer_totals;
