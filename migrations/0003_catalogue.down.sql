DROP TABLE item_images, item_quality_levels, item_collections, items, classifiers;
