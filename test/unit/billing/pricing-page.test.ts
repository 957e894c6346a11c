import { readFileSync } from "node:fs";
import { Decimal } from "decimal.js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { CompiledPrice, PeriodFigures } from "../../../src/billing/catalog/compiled.ts";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { Exact } from "../../../src/billing/rating/exact.ts";
import { PRICE_MODEL_NAMES } from "../../../src/billing/rating/price-models.ts";
import { filesWith } from "./catalog-fixture.ts";

const PAGE = readFileSync(new URL("../../../docs/pricing.md", import.meta.url), "utf8");

interface Example {
  readonly yaml: string;
  readonly usage: string;
  readonly arithmetic: string;
  readonly charge: string;
}

/** A YAML block and the rows of the table behind it. */
const EXAMPLES: readonly Example[] = [
  ...PAGE.matchAll(/^```yaml\n(.*?)^```\n\n((?:\|[^\n]*\n)+)/gms),
].flatMap(([, yaml = "", table = ""]) =>
  table
    .trim()
    .split("\n")
    .slice(2)
    .map((row) => {
      const [usage = "", arithmetic = "", charge = ""] = row
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim());
      return { yaml, usage, arithmetic, charge };
    }),
);

/** Digits without the spaces that make them readable. */
function plain(text: string): string {
  return text.replace(/(?<=\d) (?=\d{3}\b)/g, "");
}

/** Value of "2 packages × 3 + ( 80 × 3 % − 1 )"; words are left out. */
function evaluate(arithmetic: string): Decimal {
  const tokens = plain(arithmetic)
    .replace(/[a-z]+/gi, " ")
    .split(/\s+/)
    .filter((token) => token !== "");
  let at = 0;
  const value = (): Decimal => {
    const token = tokens[at++] ?? "";
    if (token !== "(") return new Decimal(token);
    const inner = sum();
    at += 1;
    return inner;
  };
  const product = (): Decimal => {
    let result = value();
    for (;;) {
      if (tokens[at] === "%") result = result.div(100);
      else if (tokens[at] !== "×") return result;
      at += 1;
      if (tokens[at - 1] === "×") result = result.times(value());
    }
  };
  const sum = (): Decimal => {
    let result = product();
    while (tokens[at] === "+" || tokens[at] === "−")
      result = tokens[at++] === "+" ? result.plus(product()) : result.minus(product());
    return result;
  };
  const result = sum();
  if (at !== tokens.length) throw new Error(`${arithmetic} can't be read behind ${tokens[at]}`);
  return result;
}

/** The price of a plan in EUR, on a meter with dimension `region`. */
function priceOf(yaml: string): CompiledPrice {
  const fields: Record<string, unknown> = parse(yaml, { schema: "failsafe" });
  const meter = fields["model"] === "flat" ? {} : { meter: "usage" };
  const price = { key: "price", product: "api", ...meter, ...fields };
  const load = loadCatalog(
    filesWith({
      "meters/usage.json": JSON.stringify({
        key: "usage",
        event_type: "usage",
        aggregation: "sum",
        value_property: "n",
        scale: 3,
        group_by: { region: "region" },
      }),
      "plans/api.yaml": JSON.stringify({ key: "api", version: 1, currency: "EUR", prices: [price] }),
    }),
  );
  if (!load.ok) throw new Error(load.faults.map(({ path, message }) => `${path}: ${message}`).join("; "));
  const contract = compileCatalog(load.catalog, load.version).contract("C1");
  const compiled = contract?.priceOf("usage") ?? contract?.flatPrices[0];
  if (compiled === undefined) throw new Error("the plan has no price");
  return compiled;
}

const DIVISOR = 1_000n;

function quantityOf(text: string): bigint {
  return BigInt(new Decimal(text).times(1_000).toString());
}

/** What the events come to one by one. */
function eachEventCharge(yaml: string, amounts: readonly string[]): bigint {
  const price = priceOf(yaml);
  expect(price.ratedPer).toBe("event");
  const charges = amounts.map((amount) => new Exact(price.eventCharge(quantityOf(amount), DIVISOR)));
  return price.chargeInMinorUnits(0n, DIVISOR, 2, {
    events: amounts.length,
    periodEnded: true,
    windowCharges: charges.reduce((sum, charge) => sum.plus(charge), new Exact(0)).toString(),
  });
}

/** The charge in cents of what the column "usage" says. */
function chargeOf({ yaml, usage }: Example): bigint {
  const text = plain(usage);
  const numbers = [...text.matchAll(/\d+(\.\d+)?/g)].map(([number]) => number);
  if (text.startsWith("events of")) return eachEventCharge(yaml, numbers);
  const price = priceOf(yaml);
  const charge = (quantity: string, figures: Partial<PeriodFigures>): bigint =>
    price.chargeInMinorUnits(quantityOf(quantity), DIVISOR, 2, { events: 0, periodEnded: true, ...figures });
  if (text.startsWith("windows of")) {
    const windowCharges = numbers
      .map((value) => new Decimal(price.windowCharge(quantityOf(value), DIVISOR)))
      .reduce((sum, window) => sum.plus(window))
      .toString();
    return charge("0", { windowCharges });
  }
  const events = /^(\d+) in (\d+) events$/.exec(text);
  if (events !== null) return charge(events[1] ?? "", { events: Number(events[2]) });
  if (/^[a-z]/.test(text)) {
    const parts = new Map<string, bigint>();
    for (const [, region = "", amount = ""] of text.matchAll(/([a-z]+) ([\d.]+)/g)) {
      const part = price.partOf({ region }) ?? "";
      parts.set(part, (parts.get(part) ?? 0n) + quantityOf(amount));
    }
    return charge("0", { parts });
  }
  const before = /^([\d.]+) before the period has ended$/.exec(text);
  if (before !== null) return charge(before[1] ?? "", { periodEnded: false });
  expect(text).toMatch(/^[\d.]+$/);
  return charge(text, {});
}

test.each(EXAMPLES.map((example) => [example.usage, example.charge, example] as const))(
  "docs/pricing.md: %s costs %s",
  (_usage, charge, example) => {
    const cents = new Decimal(charge).times(100);
    expect(charge).toMatch(/^\d+\.\d{2}$/);
    expect(chargeOf(example).toString()).toBe(cents.toString());
    const computed = evaluate(example.arithmetic).times(100).toDecimalPlaces(0, Decimal.ROUND_HALF_UP);
    expect(computed.toString()).toBe(cents.toString());
  },
);

test("docs/pricing.md has a section and an example of every model", () => {
  const shown = new Set(EXAMPLES.map(({ yaml }) => /^model: (\w+)$/m.exec(yaml)?.[1]));
  expect(shown).toEqual(new Set(PRICE_MODEL_NAMES));
  for (const name of PRICE_MODEL_NAMES) expect(PAGE).toMatch(new RegExp(`^## .*\`${name}\`$`, "m"));
});
