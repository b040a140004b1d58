-- Items, the words that describe them, and the variants they come in. The application edits items by plain SQL. They are
-- never deleted, because the ledger refers to them.

-- Every code that requests and answers use for a row of ours. Those below have fixed ids; admins add collections and
-- quality levels of their own.
CREATE TABLE classifiers (
  id         uuid PRIMARY KEY,
  classifier text COLLATE "C" NOT NULL,
  code       text COLLATE "C" NOT NULL CHECK (code ~ '^[a-z0-9_.-]{1,50}$' AND code <> 'base'),
  -- For people to read.
  name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  -- The class that an item type belongs to. Only item types have a parent.
  parent_id  uuid REFERENCES classifiers,
  position   integer NOT NULL,
  UNIQUE NULLS NOT DISTINCT (classifier, parent_id, code),
  -- The foreign keys below refer to this, so that a collection can never take the place of a quality level.
  UNIQUE (id, classifier),
  UNIQUE (id, parent_id),
  CHECK ((classifier = 'item_type') = (parent_id IS NOT NULL))
);

INSERT INTO classifiers (id, classifier, code, name, position)
SELECT format('c1a551f1-0000-8000-8%s-%s', lpad(family::text, 3, '0'), lpad(place::text, 12, '0'))::uuid,
       classifier, code,
       CASE WHEN code IN ('xs', 's', 'm', 'l', 'xl', 'xxl') THEN upper(code)
            ELSE upper(left(code, 1)) || replace(substr(code, 2), '_', ' ') END,
       place
FROM (VALUES
  (1, 'item_class', ARRAY['resources', 'reagents', 'boosters', 'blueprints', 'tools', 'keys', 'currencies', 'merch']),
  (2, 'quality_level', ARRAY['wooden', 'stone', 'metal', 'diamond', 'small', 'medium', 'large', 'xs', 's', 'm', 'l',
    'xl', 'xxl']),
  (3, 'collection', ARRAY['winter_2025', 'spring_2025', 'summer_2025', 'autumn_2025']),
  (4, 'inventory_section', ARRAY['main', 'factory', 'trade']),
  (5, 'operation_type', ARRAY['chest_reward', 'craft_result', 'trade_sale', 'trade_purchase', 'admin_adjustment',
    'system_reward', 'system_penalty', 'daily_quest_reward', 'factory_reservation', 'factory_return',
    'factory_consumption', 'trade_listing', 'trade_delisting'])
) AS families (family, classifier, codes), unnest(codes) WITH ORDINALITY AS members (code, place);

INSERT INTO classifiers (id, classifier, code, name, parent_id, position)
SELECT format('c1a551f1-0000-8000-8%s-%s', lpad((100 + class.position)::text, 3, '0'), lpad(place::text, 12, '0'))::uuid,
       'item_type', type, upper(left(type, 1)) || replace(substr(type, 2), '_', ' '), class.id, place
FROM (VALUES
  ('resources', ARRAY['stone', 'wood', 'ore', 'clay', 'diamond']),
  ('reagents', ARRAY['abrasive', 'solvent', 'paste', 'catalyst']),
  ('boosters', ARRAY['speed', 'luck', 'quality']),
  ('blueprints', ARRAY['tool_blueprint', 'key_blueprint', 'booster_blueprint']),
  ('tools', ARRAY['shovel', 'sickle', 'axe', 'pickaxe', 'hammer']),
  ('keys', ARRAY['chest_key', 'door_key', 'vault_key']),
  ('currencies', ARRAY['token', 'voucher', 'gem']),
  ('merch', ARRAY['clothing', 'drinkware', 'stationery', 'accessory', 'gadget'])
) AS classes (code, types)
JOIN classifiers AS class ON class.classifier = 'item_class' AND class.code = classes.code,
     unnest(types) WITH ORDINALITY AS members (type, place);

CREATE TABLE items (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  code          text COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[[:graph:]]{1,100}$'),
  name          text NOT NULL CHECK (name <> ''),
  description   text NOT NULL DEFAULT '',
  -- In coins. Null: not for sale.
  price         bigint CHECK (price BETWEEN 1 AND greatest_holding()),
  class_id      uuid NOT NULL REFERENCES classifiers,
  type_id       uuid NOT NULL,
  -- How many pieces one person may have bought and not given back. Null: any number.
  limit_per_person bigint CHECK (limit_per_person BETWEEN 1 AND greatest_holding()),
  -- Reports name a variant of which no more than this many are left.
  low_stock_at  bigint CHECK (low_stock_at BETWEEN 0 AND greatest_holding()),
  -- False: there is nothing to fetch, so an order is handed over at once.
  hand_over     boolean NOT NULL DEFAULT true,
  is_active     boolean NOT NULL DEFAULT true,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  -- When the item left the catalogue, for good. Its code stays taken.
  retired_at    timestamptz,
  -- The type belongs to the class.
  FOREIGN KEY (type_id, class_id) REFERENCES classifiers (id, parent_id)
);
-- The default order of the catalogue.
CREATE INDEX items_in_order ON items (created_at, id);
-- The list of variants that run low.
CREATE INDEX items_with_a_mark ON items (code) WHERE low_stock_at IS NOT NULL;

-- The collections and quality levels of an item. Without any, the item has only its standard variant.
CREATE TABLE item_collections (
  item_id       uuid NOT NULL REFERENCES items,
  collection_id uuid NOT NULL,
  classifier    text COLLATE "C" NOT NULL GENERATED ALWAYS AS ('collection') STORED,
  PRIMARY KEY (item_id, collection_id),
  FOREIGN KEY (collection_id, classifier) REFERENCES classifiers (id, classifier)
);

CREATE TABLE item_quality_levels (
  item_id          uuid NOT NULL REFERENCES items,
  quality_level_id uuid NOT NULL,
  classifier       text COLLATE "C" NOT NULL GENERATED ALWAYS AS ('quality_level') STORED,
  PRIMARY KEY (item_id, quality_level_id),
  FOREIGN KEY (quality_level_id, classifier) REFERENCES classifiers (id, classifier)
);

-- One picture a variant. nginx serves the file.
CREATE TABLE item_images (
  item_id          uuid NOT NULL REFERENCES items,
  collection_id    uuid REFERENCES classifiers,
  quality_level_id uuid REFERENCES classifiers,
  path             text NOT NULL CHECK (path <> ''),
  UNIQUE NULLS NOT DISTINCT (item_id, collection_id, quality_level_id)
);

-- The published price list of the merch contract.
INSERT INTO items (id, code, name, price, class_id, type_id)
SELECT format('11e30000-0000-8000-8000-%s', lpad(place::text, 12, '0'))::uuid, merch.code, merch.name, merch.price,
       type.parent_id, type.id
FROM (VALUES
  (1, 't-shirt', 'T-shirt', 80, 'clothing'),
  (2, 'cup', 'Cup', 20, 'drinkware'),
  (3, 'book', 'Book', 50, 'stationery'),
  (4, 'pen', 'Pen', 10, 'stationery'),
  (5, 'powerbank', 'Power bank', 200, 'gadget'),
  (6, 'hoody', 'Hoody', 300, 'clothing'),
  (7, 'umbrella', 'Umbrella', 200, 'accessory'),
  (8, 'socks', 'Socks', 10, 'clothing'),
  (9, 'wallet', 'Wallet', 50, 'accessory'),
  (10, 'pink-hoody', 'Pink hoody', 500, 'clothing')
) AS merch (place, code, name, price, type)
JOIN classifiers AS class ON class.classifier = 'item_class' AND class.code = 'merch'
JOIN classifiers AS type ON type.parent_id = class.id AND type.code = merch.type;

GRANT SELECT ON classifiers, items, item_collections, item_quality_levels, item_images TO tuckshop_app;
-- Neither id nor code can change, because earlier answers name them.
GRANT INSERT, UPDATE (name, description, price, class_id, type_id, limit_per_person, low_stock_at, hand_over, is_active,
  updated_at, retired_at) ON items TO tuckshop_app;
GRANT INSERT, DELETE ON item_collections, item_quality_levels TO tuckshop_app;
GRANT INSERT, UPDATE (path), DELETE ON item_images TO tuckshop_app;
