DROP VIEW order_lines;
DROP FUNCTION change_order_by_staff, cancel_own_order, change_order, refund;
