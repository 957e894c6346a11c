/**
 * Rows of `segments/…` may name files that hold a part of the dedupe keys. No table changes; the version does, so that a
 * program that does not know of the files refuses the state rather than forget the keys in them.
 */
export const MIGRATION_002 = "-- no change of the tables";
