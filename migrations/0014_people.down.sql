DROP TRIGGER users_end_name_turns ON users;
DROP TRIGGER users_renew_name_turns ON users;
DROP TRIGGER users_add_name_turns ON users;
DROP FUNCTION find_people, renew_name_turns, add_name_turns;
DROP TABLE name_turns;
DROP FUNCTION can_be_found, turns_of, longest_turn, spelled;
