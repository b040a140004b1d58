DROP VIEW catalogue;
DROP FUNCTION stock_of;
