DROP FUNCTION inventory, set_stock, set_variants, lock_shelf, adjust, add_items, move_lines, steps_of, variant, open_accounts, made_assets, assets_of;
DROP TYPE receipt, step;
DROP TABLE reservations;
