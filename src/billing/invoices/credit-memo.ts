import type { CreditLedger } from "../credits/credit-ledger.ts";
import type { CreditSource } from "../credits/grant-terms.ts";
import type { CorrectedInvoice, DocumentLine, FrozenDocument } from "./billing-document.ts";

/** The document that a memo corrects, with what earlier ones have given back of it. */
export interface MemoOf extends CorrectedInvoice {
  readonly contract: string;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly taxIncluded: boolean;
  /** To be paid in money and not given back yet, minor units; negative where the document gave money back. */
  readonly moneyLeft: bigint;
}

/** What a memo changes of the contract's credits. */
export type MemoCredits = Pick<CreditLedger, "giveBack" | "burnAgain">;

/**
 * The document that corrects another one by lines that take back. Money is given back before prepaid credits, since credits
 * had paid first. What a voided document had given back to credits pays again, as far as it is still there. Where more is to
 * be paid than given back (the void of a credit memo) it is an invoice, else a credit memo.
 * @param ledger of the document's currency; changed. Undefined where the contract has no credits
 */
export function creditMemo(
  invoice: MemoOf,
  lines: readonly DocumentLine[],
  head: Pick<FrozenDocument, "id" | "issuedMs" | "catalogVersion">,
  ledger: MemoCredits | undefined,
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
  // Of what was voided: positive where credits had paid, negative where they had got something back.
  const creditsLeft = -payable - moneyLeft;
  const takesBack = kind === "void" && creditsLeft < 0n;
  const credits =
    ledger === undefined
      ? 0n
      : takesBack
        ? burnCreditsAgain(ledger, bySource, -creditsLeft, creditsAtMs)
        : -giveBackCredits(ledger, bySource, creditsLeft, creditsAtMs);
  const total = payable - credits;
  return {
    ...head,
    kind: total > 0n ? "invoice" : "credit-memo",
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
    total,
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
 * @param creditsLeft what had not been paid in money
 */
function giveBackCredits(
  ledger: MemoCredits,
  bySource: readonly SourceAmount[],
  creditsLeft: bigint,
  atMs: number,
): bigint {
  let left = creditsLeft > 0n ? creditsLeft : 0n;
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

/** Uses again what credits had been given back; returns what they paid. The rest of what is due counts as use without credits. */
function burnCreditsAgain(
  ledger: MemoCredits,
  bySource: readonly SourceAmount[],
  creditsGiven: bigint,
  atMs: number,
): bigint {
  let left = creditsGiven;
  let paid = 0n;
  for (const { source, payable } of bySource) {
    if (payable <= 0n) {
      ledger.giveBack(source, -payable, 0n, atMs);
      continue;
    }
    const wanted = payable < left ? payable : left;
    const { burned } = ledger.burnAgain(source, payable - wanted, wanted, atMs);
    left -= burned;
    paid += burned;
  }
  return paid;
}
