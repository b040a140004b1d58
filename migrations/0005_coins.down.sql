DROP FUNCTION info, purchase, undo_transfer, transfer, take_back, grant_coins;
