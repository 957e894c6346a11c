/**
 * Series are in rows of `series-blocks`, 256 a row; those of `series`, one a row, are read and replaced with the next checkpoint. No table
 * changes; the version does, so that a program that knows of one space alone refuses the state rather than number series anew.
 */
export const MIGRATION_003 = "-- no change of the tables";
