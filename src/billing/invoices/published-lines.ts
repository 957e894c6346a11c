import { minorUnitsOfText } from "../rating/money.ts";
import type { DocumentLine, PublishedDocument } from "./billing-document.ts";

/**
 * The lines of a published document as billing has them.
 * @param charges by line: key of its charge, and whether it was due in advance
 */
export function linesOfPublished(
  { lines }: PublishedDocument,
  charges: readonly (readonly [charge: string, inAdvance: boolean])[],
): DocumentLine[] {
  return lines.map((line, index): DocumentLine => {
    const [charge, inAdvance] = charges[index] ?? ["", false];
    return {
      charge,
      inAdvance,
      kind: line.kind,
      product: line.product,
      meter: line.meter ?? undefined,
      price: line.price ?? undefined,
      description: line.description,
      quantity: line.quantity ?? undefined,
      amount: minorUnitsOfText(line.amount),
      discount: minorUnitsOfText(line.discount),
      tax: minorUnitsOfText(line.tax),
      taxDetails: line.taxes.map((detail) => ({ ...detail, amount: minorUnitsOfText(detail.amount) })),
      taxNote: line.taxNote ?? undefined,
      periodStartMs: Date.parse(line.periodStart),
      periodEndMs: Date.parse(line.periodEnd),
      adjusts: line.adjusts ?? undefined,
    };
  });
}
