import { z } from "zod";

/** Kinds of fields that oracle cases are made of. */

/** A decimal as text; cases of some systems have small numbers as JSON numbers. */
export const decimalText = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^-?\d+(\.\d+)?$/));

/** A whole number as text. */
export const integerText = decimalText.pipe(z.string().regex(/^-?\d+$/)).transform(BigInt);

/** Most decimal places of any of the texts: quantities and amounts of a case become integers at that scale. */
export function commonScale(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.split(".")[1]?.length ?? 0));
}

/** An integer of the last of `scale` places. */
export function atScale(text: string, scale: number): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(scale, "0"));
}
