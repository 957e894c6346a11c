import type { CreditLedger } from "../credits/credit-ledger.ts";
import type { CreditSource } from "../credits/grant-terms.ts";
import type { CorrectedInvoice, DocumentLine, FrozenDocument } from "./billing-document.ts";

/** The invoice that a memo corrects, with what earlier ones have given back of it. */
export interface MemoOf extends CorrectedInvoice {
  readonly contract: string;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly taxIncluded: boolean;
  /** To be paid in money and not given back yet, minor units. */
  readonly moneyLeft: bigint;
}

/**
 * A credit memo of lines that give back. Money is given back before prepaid credits, since credits had paid first.
 * @param ledger of the invoice's currency; changed. Undefined where the contract has no credits
 */
export function creditMemo(
  invoice: MemoOf,
  lines: readonly DocumentLine[],
  head: Pick<FrozenDocument, "id" | "issuedMs" | "catalogVersion">,
  ledger: Pick<CreditLedger, "giveBack"> | undefined,
): FrozenDocument {
  const { contract, periodStartMs, periodEndMs, taxIncluded, moneyLeft } = invoice;
  const { document, number, kind, reason } = invoice;
  const sum = (amountOf: (line: DocumentLine) => bigint): bigint =>
    lines.reduce((all, line) => all + amountOf(line), 0n);
  const payableOf = (line: DocumentLine): bigint =>
    line.amount - line.discount + (taxIncluded ? 0n : line.tax);
  const payable = sum(payableOf);
  // The time of credits does not go on by it: periods that are still to be billed use them at their own ends.
  const creditsAtMs = periodStartMs;
  const bySource = payableBySource(lines, payableOf);
  const credits =
    ledger === undefined ? 0n : -giveBackCredits(ledger, bySource, -payable, moneyLeft, creditsAtMs);
  return {
    ...head,
    kind: "credit-memo",
    contract,
    periodStartMs,
    periodEndMs,
    creditsAtMs,
    lines,
    taxIncluded,
    hold: undefined,
    subtotal: sum(({ amount }) => amount),
    discounts: sum(({ discount }) => discount),
    tax: sum(({ tax }) => tax),
    credits,
    total: payable - credits,
    corrects: { document, number, kind, reason },
  };
}

interface SourceAmount {
  readonly source: CreditSource;
  payable: bigint;
}

function payableBySource(
  lines: readonly DocumentLine[],
  payableOf: (line: DocumentLine) => bigint,
): readonly SourceAmount[] {
  const bySource = new Map<string, SourceAmount>();
  for (const line of lines) {
    const source = { product: line.product, meter: line.meter ?? "" };
    const key = `${source.product}\u0000${source.meter}`;
    const known = bySource.get(key);
    if (known === undefined) bySource.set(key, { source, payable: payableOf(line) });
    else known.payable += payableOf(line);
  }
  return [...bySource.values()];
}

/**
 * Gives back to credits what of an amount had not been paid in money; returns what they got, lapsed ones included. The
 * rest had found no credits, and is not held against later ones.
 */
function giveBackCredits(
  ledger: Pick<CreditLedger, "giveBack">,
  bySource: readonly SourceAmount[],
  amount: bigint,
  moneyLeft: bigint,
  atMs: number,
): bigint {
  let left = amount > moneyLeft ? amount - moneyLeft : 0n;
  let given = 0n;
  for (const { source, payable } of bySource) {
    if (payable >= 0n) continue;
    const burned = -payable < left ? -payable : left;
    const { restored, lapsed } = ledger.giveBack(source, 0n, burned, atMs);
    const paid = restored + lapsed;
    ledger.giveBack(source, -payable - paid, 0n, atMs);
    left -= paid;
    given += paid;
  }
  return given;
}
