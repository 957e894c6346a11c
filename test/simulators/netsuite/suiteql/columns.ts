/** A value of a column; all are texts, and no value is null. */
export type Cell = string | null;
export type ColumnType = "id" | "number" | "text" | "date";

export interface Column<Source> {
  readonly type: ColumnType;
  readonly of: (source: Source) => Cell;
  /** What people see of it: BUILTIN.DF. */
  readonly display?: (source: Source) => Cell;
}
export type Columns<Source> = Readonly<Record<string, Column<Source>>>;

export const column = <Source>(
  type: ColumnType,
  of: (source: Source) => Cell,
  display?: (source: Source) => Cell,
): Column<Source> => ({ type, of, ...(display === undefined ? {} : { display }) });

export const flag = (value: boolean): Cell => (value ? "T" : "F");
