/** OData's comparisons, by their names: what an order (negative: the property's value comes before the literal) means to each. */
export const COMPARISONS: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ["eq", (order) => order === 0],
  ["ne", (order) => order !== 0],
  ["gt", (order) => order > 0],
  ["ge", (order) => order >= 0],
  ["lt", (order) => order < 0],
  ["le", (order) => order <= 0],
]);
