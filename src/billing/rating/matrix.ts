import { z } from "zod";
import { keyField, nonNegativeDecimalField, textField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { usageFields } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";

/** Part of the quantity that no cell prices. It can't be the name of a cell: those are JSON arrays. */
const DEFAULT_PART = "default";

const schema = z
  .strictObject({
    ...usageFields,
    model: z.literal("matrix"),
    dimensions: z
      .array(keyField())
      .min(1)
      .describe("Dimensions of the meter by whose values the price is looked up."),
    cells: z
      .array(
        z.strictObject({
          when: z.record(keyField(), textField()).describe("A value for each of the dimensions."),
          unit_price: nonNegativeDecimalField().describe("Price of one unit with these values."),
        }),
      )
      .min(1),
    default_unit_price: nonNegativeDecimalField().describe("Price of one unit that no cell is for."),
  })
  .superRefine(({ dimensions, cells }, context) => {
    const fault = (path: PropertyKey[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    for (const [index, dimension] of dimensions.entries())
      if (dimensions.indexOf(dimension) !== index)
        fault(["dimensions", index], `${dimension} is named twice`);
    const seen = new Map<string, number>();
    for (const [index, { when }] of cells.entries()) {
      for (const dimension of dimensions)
        if (!Object.hasOwn(when, dimension)) fault(["cells", index, "when", dimension], "is required");
      for (const name of Object.keys(when))
        if (!dimensions.includes(name)) fault(["cells", index, "when", name], "is not one of the dimensions");
      const part = partOf(dimensions, when);
      const other = seen.get(part);
      if (other !== undefined) fault(["cells", index, "when"], `has the values of cells[${other}]`);
      else seen.set(part, index);
    }
  });

/** Values of the dimensions as one text; no two combinations have the same. */
function partOf(dimensions: readonly string[], group: Readonly<Record<string, string>>): string {
  return JSON.stringify(dimensions.map((dimension) => group[dimension] ?? null));
}

/** Each combination of dimension values has its own price per unit; the charge is the sum over all of them. */
export const matrix = definePriceModel("matrix", schema, (price) => {
  const prices = new Map<string, Exact>([
    [DEFAULT_PART, new Exact(price.default_unit_price)],
    ...price.cells.map((cell): [string, Exact] => [
      partOf(price.dimensions, cell.when),
      new Exact(cell.unit_price),
    ]),
  ]);
  return {
    partOf: (group) => {
      const part = partOf(price.dimensions, group);
      return prices.has(part) ? part : DEFAULT_PART;
    },
    charge(_units, _per, { parts }) {
      let charge = new Exact(0);
      for (const [part, units] of parts ?? []) {
        const unitPrice = prices.get(part);
        if (unitPrice === undefined) throw new RangeError(`the price has no cell ${part}`);
        charge = charge.plus(units.times(unitPrice));
      }
      return charge;
    },
  };
});
