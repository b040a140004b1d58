DROP FUNCTION info, purchase, purchase_content;
DROP TABLE orders;
DROP TYPE order_status;
DROP FUNCTION undo_transfer, transfer, take_back, grant_coins;
