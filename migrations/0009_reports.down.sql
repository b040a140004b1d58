DROP FUNCTION daily_inventory, posting_before, forget_totals, roll_up, coins_after, purchases_after, transfers_after,
    operations_after;
DROP TABLE rollup, coin_totals, purchase_totals, transfer_totals;
