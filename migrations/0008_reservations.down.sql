DROP FUNCTION expire_reservation, consume_reserve, return_reserve, close_reservation, reserve;
