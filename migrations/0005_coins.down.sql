DROP FUNCTION info, purchase;
DROP TABLE orders;
DROP TYPE order_status;
DROP FUNCTION undo_transfer, transfer, take_back, grant_coins;
