import type { ChargeFigures } from "../../../src/billing/rating/charge-input.ts";
import { Exact } from "../../../src/billing/rating/exact.ts";
import { compilePrice, type Price, priceSchema } from "../../../src/billing/rating/price-models.ts";

const ONE = new Exact(1);

/** A price of the catalog with what every price needs. */
export function priceOf(fields: Record<string, unknown>): Price {
  const meter = fields["model"] === "flat" ? {} : { meter: "m" };
  return priceSchema.parse({ key: "k", product: "p", ...meter, ...fields });
}

/** Figures of a period, with quantities as texts. */
export interface TextFigures {
  readonly events?: number;
  readonly periodEnded?: boolean;
  readonly parts?: Readonly<Record<string, string>>;
  readonly eventQuantities?: readonly string[];
}

function figuresOf(figures: TextFigures, per: Exact): ChargeFigures {
  const { parts, eventQuantities } = figures;
  const scaled = (text: string): Exact => new Exact(text).times(per);
  return {
    events: BigInt(figures.events ?? 0),
    periodEnded: figures.periodEnded ?? true,
    ...(parts === undefined
      ? {}
      : { parts: new Map(Object.entries(parts).map(([part, units]) => [part, scaled(units)])) }),
    ...(eventQuantities === undefined ? {} : { eventQuantities: eventQuantities.map(scaled) }),
  };
}

/** Exact charge of a decimal quantity; whatever `per` it is given over, it must be the same. */
export function chargeOf(
  fields: Record<string, unknown>,
  quantity: string,
  figures: TextFigures = {},
): string {
  const line = compilePrice(priceOf(fields));
  const plain = line.charge(new Exact(quantity), ONE, figuresOf(figures, ONE));
  const per = new Exact(7_000);
  const scaled = line.charge(new Exact(quantity).times(per), per, figuresOf(figures, per));
  if (!scaled.total.times(plain.per).equals(plain.total.times(scaled.per)))
    throw new Error("the charge depends on what the quantity is divided by");
  return plain.total.div(plain.per).toString();
}
