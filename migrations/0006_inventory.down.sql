DROP FUNCTION inventory, set_stock, expire_reservation, consume_reserve, return_reserve, close_reservation, reserve,
    adjust, add_items, move_lines, running, variant, open_accounts, made_assets, assets_of;
DROP TABLE reservations;
