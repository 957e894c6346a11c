import { parseDecimal } from "../../../model/decimal.ts";
import type { PostedLine } from "../../../model/posting.ts";
import { singleLineText } from "../common/text.ts";
import { ErpFault } from "../erp-sink.ts";
import {
  MAX_AMOUNT_DECIMALS,
  MAX_AMOUNT_DIGITS,
  MAX_DOCUMENT_ITEMS,
  MAX_ITEM_TEXT_CHARACTERS,
} from "./limits.ts";

/** Throws ErpFault `validation` for an amount that SAP can't hold as it is. */
export function checkedAmount(amount: string, what: string): string {
  const decimal = parseDecimal(amount);
  const [, whole = "", fraction = ""] = /^-?(\d+)(?:\.(\d+))?$/.exec(amount) ?? [];
  const digits = whole.replace(/^0+/, "").length;
  const decimals = fraction.replace(/0+$/, "").length;
  if (decimal === undefined || whole === "" || digits > MAX_AMOUNT_DIGITS || decimals > MAX_AMOUNT_DECIMALS)
    throw new ErpFault("validation", `${what}: SAP can't hold the amount ${amount.slice(0, 50)}`);
  return amount;
}

/** Throws ErpFault `validation` for more items than a document of FI has. */
export function checkItemCount(items: number, what: string): void {
  if (items > MAX_DOCUMENT_ITEMS)
    throw new ErpFault(
      "validation",
      `${what}: a document of SAP has at most ${MAX_DOCUMENT_ITEMS} items, not ${items}`,
    );
}

/** The quantity, which SAP has no field for on an item of the ledger, is never what is cut off first. */
export function itemText(
  { description, quantity, adjusts }: PostedLine,
  maxCharacters = MAX_ITEM_TEXT_CHARACTERS,
): string {
  const facts = [
    ...(quantity === null ? [] : [`quantity ${quantity}`]),
    ...(adjusts === null ? [] : [`corrects ${adjusts}`]),
  ];
  const suffix = singleLineText(facts.length === 0 ? "" : ` (${facts.join(", ")})`, maxCharacters);
  const room = maxCharacters - suffix.length - (suffix === "" ? 0 : 1);
  return [singleLineText(description, Math.max(0, room)), suffix].filter((part) => part !== "").join(" ");
}
