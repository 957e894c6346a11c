import type { PricingCase } from "./adapter.ts";

/** Thrown by an adapter for a case that has what it does not know: it must not be answered by leaving that out. */
export class UnknownCase extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "UnknownCase";
  }
}

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UnknownCase(`${JSON.stringify(value)} is not an object`);
  return { ...value };
}

export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new UnknownCase(`${JSON.stringify(value)} is not a list`);
  const list: readonly unknown[] = value;
  return list;
}

export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new UnknownCase(`${JSON.stringify(value)} is not a text`);
}

/** Undefined where the field is left out or null. */
export function optionalText(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : textOf(value);
}

/** Refuses cases with members that the adapter does not read. */
export function knowOnly(
  pricingCase: PricingCase,
  config: readonly string[],
  input: readonly string[],
): void {
  for (const name of Object.keys(pricingCase.config))
    if (!config.includes(name)) throw new UnknownCase(`config.${name}`);
  for (const name of Object.keys(pricingCase.input))
    if (!input.includes(name)) throw new UnknownCase(`input.${name}`);
}

/** Figures of a case are in currency units, or with `unit: minor` in minor units of a currency with two digits. */
export const MINOR_SHIFT = 2;

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?$/;

/** A decimal × 10^places, as a canonical decimal. */
export function shifted(text: string, places: number): string {
  const match = NUMBER.exec(text);
  if (match === null) throw new UnknownCase(`${text} is not a decimal`);
  const [, sign = "", whole = "", fraction = ""] = match;
  const scale = fraction.length - places;
  const digits = whole + fraction + "0".repeat(Math.max(0, -scale));
  const padded = digits.padStart(Math.max(0, scale) + 1, "0");
  const point = padded.length - Math.max(0, scale);
  const before = padded.slice(0, point).replace(/^0+(?=\d)/, "");
  const behind = padded.slice(point).replace(/0+$/, "");
  const magnitude = behind === "" ? before : `${before}.${behind}`;
  return magnitude === "0" ? "0" : sign + magnitude;
}

/** A quantity as an integer and what it is divided by. */
export interface Quantity {
  readonly units: bigint;
  /** Decimal places of `units`; −1 where it is a fraction that has a divisor alone. */
  readonly scale: number;
  readonly divisor: bigint;
}

/** Reads "12.5" or "15/2". */
export function quantityOf(value: unknown): Quantity {
  const text = textOf(value);
  const fraction = /^(-?\d+)\/(\d+)$/.exec(text);
  if (fraction !== null)
    return { units: BigInt(fraction[1] ?? ""), scale: -1, divisor: BigInt(fraction[2] ?? "") };
  const match = NUMBER.exec(text);
  if (match === null) throw new UnknownCase(`${text} is not a quantity`);
  const scale = (match[3] ?? "").length;
  return { units: BigInt(text.replace(".", "")), scale, divisor: 10n ** BigInt(scale) };
}

/** Sums of quantities at the larger scale of the two. */
export function plus(left: Quantity, right: Quantity): Quantity {
  const scale = Math.max(left.scale, right.scale);
  const at = (quantity: Quantity): bigint => quantity.units * 10n ** BigInt(scale - quantity.scale);
  return { units: at(left) + at(right), scale, divisor: 10n ** BigInt(scale) };
}
