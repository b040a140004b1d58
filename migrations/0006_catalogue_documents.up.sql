-- The catalogue as its readers see it: one JSON document an item. It converts rows and arrays, because
-- json_build_object and json_agg would insert blanks. Members that are absent without a value are concatenated.

-- The pieces that the shop has left of a variant. Null: any number.
CREATE FUNCTION stock_of(_asset assets) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN _asset.stock_limited THEN coalesce((
        SELECT a.balance FROM accounts a WHERE a.asset = _asset.id AND a.owner IS NULL AND a.section = 'main'), 0) END
$$;

CREATE VIEW catalogue AS
SELECT i.id, i.code, i.name, i.description, i.price, class.code AS class, type.code AS type, i.is_active, i.created_at,
    i.updated_at,
    (SELECT left(row_to_json(d)::text, -1) || concat(
        ',"limit_per_person":' || i.limit_per_person, ',"low_stock_at":' || i.low_stock_at, '}'
    ) FROM (
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
            sold.stock, sold.variants, i.hand_over, i.is_active,
            to_char(i.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
            to_char(i.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at
        -- The stock of an item is that of its standard variant, or without one, of all variants that are active.
        FROM (
            SELECT CASE
                    WHEN bool_or(v.is_standard) THEN max(v.stock) FILTER (WHERE v.is_standard)
                    WHEN bool_or(v.is_active AND v.stock IS NULL) THEN NULL
                    ELSE least(coalesce(sum(v.stock) FILTER (WHERE v.is_active), 0), greatest_holding()) END AS stock,
                coalesce(array_agg(concat('{', '"collection":' || to_json(v.collection)::text || ',',
                        '"quality_level":' || to_json(v.level)::text || ',', '"stock":', coalesce(v.stock::text, 'null'),
                        ',"is_active":', v.is_active::text, '}')::json ORDER BY v.place)
                    FILTER (WHERE v.place IS NOT NULL), '{}') AS variants
            FROM (
                SELECT s.place, s.sale <> 'paused' AS is_active, c.code AS collection, q.code AS level,
                    s.collection_id IS NULL AND s.quality_level_id IS NULL AS is_standard,
                    CASE WHEN s.stock_limited THEN coalesce(a.balance, 0) END AS stock
                FROM assets s
                LEFT JOIN accounts a ON a.owner IS NULL AND a.asset = s.id AND a.section = 'main'
                LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
                WHERE s.item_id = i.id AND s.sale IS NOT NULL
            ) v
        ) sold
    ) d) AS document
FROM items i JOIN classifiers class ON class.id = i.class_id JOIN classifiers type ON type.id = i.type_id
WHERE i.retired_at IS NULL;

GRANT SELECT ON catalogue TO tuckshop_app;
GRANT EXECUTE ON FUNCTION stock_of TO tuckshop_app;
