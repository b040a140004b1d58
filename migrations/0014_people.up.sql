-- Finding a colleague by the beginning of any word of their name, at the same cost among ten people and a million.
--
-- Each word of a name begins one text of its own, followed by the other words: "anna smith" and "smith anna". So the
-- beginning of one text finds a name by any of its words, and also by several words in a row, however many people share
-- the first of them.

-- A name in small letters, with one blank wherever it has signs or blanks.
CREATE FUNCTION spelled(_name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(regexp_replace(lower(_name COLLATE "default"), '[^[:alnum:]]+', ' ', 'g'));

-- The longest text that is kept of a name, in characters.
CREATE FUNCTION longest_turn() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 40;

-- The texts of a person: the words of the username, and those of the full name, each turned to begin with one of its
-- first five words.
CREATE FUNCTION turns_of(_username text, _full_name text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT DISTINCT left(array_to_string(words[place:] || words[:place - 1], ' '), longest_turn())
    FROM (VALUES (_username), (_full_name)) names (name),
         string_to_array(nullif(spelled(name), ''), ' ') words, generate_subscripts(words[:5], 1) place
$$;

-- Active people who are not services.
CREATE FUNCTION can_be_found(_role text, _is_active boolean, _deleted_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN _is_active AND _deleted_at IS NULL AND _role <> 'service';

-- Only of people who can be found. Only the triggers below write it, so it needs no
-- foreign key, whose check would lock the user's row for each text.
CREATE TABLE name_turns (
    turn    text COLLATE "C" NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (turn, user_id)
);

-- One statement for all new users, because an import or a seed adds thousands at once.
CREATE FUNCTION add_name_turns() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO name_turns (turn, user_id)
    SELECT turns.turn, u.id FROM made u, turns_of(u.username, u.full_name) AS turns (turn)
    WHERE can_be_found(u.role, u.is_active, u.deleted_at);
    RETURN NULL;
END $$;
CREATE TRIGGER users_add_name_turns AFTER INSERT ON users REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION add_name_turns();

CREATE FUNCTION renew_name_turns() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM name_turns t
    WHERE t.user_id = OLD.id AND t.turn = ANY (ARRAY(SELECT turns_of(OLD.username, OLD.full_name)));
    IF TG_OP = 'UPDATE' AND can_be_found(NEW.role, NEW.is_active, NEW.deleted_at) THEN
        INSERT INTO name_turns (turn, user_id)
        SELECT turns.turn, NEW.id FROM turns_of(NEW.username, NEW.full_name) AS turns (turn)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
-- Row by row, because a statement cannot look first whether it changed something that matters here, and sign-ins update
-- users too.
CREATE TRIGGER users_renew_name_turns AFTER UPDATE OF username, full_name, role, is_active, deleted_at ON users
    FOR EACH ROW WHEN ((OLD.username, OLD.full_name, OLD.role, OLD.is_active, OLD.deleted_at)
        IS DISTINCT FROM (NEW.username, NEW.full_name, NEW.role, NEW.is_active, NEW.deleted_at))
    EXECUTE FUNCTION renew_name_turns();
CREATE TRIGGER users_end_name_turns AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION renew_name_turns();

INSERT INTO name_turns (turn, user_id)
SELECT turns.turn, u.id FROM users u, turns_of(u.username, u.full_name) AS turns (turn)
WHERE can_be_found(u.role, u.is_active, u.deleted_at);

-- People of whom every word of the text begins a word of the name, in any order: first the one with exactly this
-- username, then by username. Ranges of the index, for the whole text and for its three longest words, give at most 96
-- candidates each. Where more people would fit, others of them appear when the text goes on.
--
-- A session keeps its plan, and may have made it while there were ten users. Without sequential scans the same plan is
-- right for a million.
CREATE FUNCTION find_people(_text text, _most integer) RETURNS TABLE (_username text, _full_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    _phrase   text := spelled(_text);
    _words    text[] := ARRAY(SELECT word FROM string_to_table(_phrase, ' ') word GROUP BY word ORDER BY char_length(word) DESC, word);
    _patterns text[] := ARRAY(SELECT '% ' || word || '%' FROM unnest(_words) word);
BEGIN
    IF _phrase = '' THEN RETURN; END IF;
    RETURN QUERY
    WITH beginnings AS MATERIALIZED (
        SELECT DISTINCT left(beginning, longest_turn()) AS beginning FROM unnest(_phrase || _words[:3]) beginning
    ), candidates AS MATERIALIZED (
        SELECT u.id FROM users u WHERE u.username = _text AND u.deleted_at IS NULL
            AND (SELECT true FROM name_turns t WHERE t.turn = left(_phrase, longest_turn()) AND t.user_id = u.id)
        UNION
        SELECT t.user_id FROM beginnings b, LATERAL (
            SELECT n.user_id FROM name_turns n WHERE n.turn >= b.beginning AND n.turn < b.beginning || chr(1114111)
            ORDER BY n.turn, n.user_id LIMIT 96) t
    )
    SELECT u.username, u.full_name
    FROM candidates c, LATERAL (SELECT p.username, p.full_name FROM users p WHERE p.id = c.id OFFSET 0) u
    WHERE ' ' || spelled(u.username || ' ' || coalesce(u.full_name, '')) LIKE ALL (_patterns)
    ORDER BY u.username = _text DESC, lower(u.username COLLATE "default") = lower(_text) DESC, u.username LIMIT _most;
END $$;

GRANT EXECUTE ON FUNCTION find_people TO tuckshop_app;
