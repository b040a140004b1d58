-- The catalogue as its readers see it: one JSON document an item. It converts rows and arrays, because
-- json_build_object and json_agg would insert blanks.

-- The pieces that the shop has left of a variant. Null: any number.
CREATE FUNCTION stock_of(_asset assets) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN _asset.stock_limited THEN coalesce((
        SELECT a.balance FROM accounts a WHERE a.asset = _asset.id AND a.owner IS NULL AND a.section = 'main'), 0) END
$$;

CREATE VIEW catalogue AS
SELECT i.id, i.code, i.name, i.description, i.price, class.code AS class, type.code AS type, i.is_active, i.created_at,
    i.updated_at,
    (SELECT row_to_json(d)::text FROM (
        SELECT i.id, i.code, i.name, i.description, i.price, class.code AS class, type.code AS type,
            ARRAY(
                SELECT k.code FROM item_collections c JOIN classifiers k ON k.id = c.collection_id
                WHERE c.item_id = i.id ORDER BY k.position
            ) AS collections,
            ARRAY(
                SELECT k.code FROM item_quality_levels q JOIN classifiers k ON k.id = q.quality_level_id
                WHERE q.item_id = i.id ORDER BY k.position
            ) AS quality_levels,
            ARRAY(
                SELECT row_to_json(picture) FROM (
                    SELECT c.code AS collection, q.code AS quality_level, '/media/' || m.path AS url
                    FROM item_images m LEFT JOIN classifiers c ON c.id = m.collection_id
                    LEFT JOIN classifiers q ON q.id = m.quality_level_id WHERE m.item_id = i.id
                    ORDER BY c.position NULLS FIRST, q.position NULLS FIRST
                ) picture
            ) AS images,
            (SELECT stock_of(s) FROM assets s
             WHERE s.item_id = i.id AND s.collection_id IS NULL AND s.quality_level_id IS NULL) AS stock,
            i.is_active,
            to_char(i.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
            to_char(i.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at
    ) d) AS document
FROM items i JOIN classifiers class ON class.id = i.class_id JOIN classifiers type ON type.id = i.type_id
WHERE i.retired_at IS NULL;

GRANT SELECT ON catalogue TO tuckshop_app;
GRANT EXECUTE ON FUNCTION stock_of TO tuckshop_app;
