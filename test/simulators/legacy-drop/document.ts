import { plainText, scaled } from "../exact-numbers.ts";

/** What is wrong with a file as a whole: it is rejected and nothing of it is booked. */
export class DropFault extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const DROP_KINDS = ["customer", "invoice", "credit-memo", "journal"] as const;
export type DropKind = (typeof DROP_KINDS)[number];

/** A line of a document, amounts as decimal texts; "" where the file has nothing there. */
export interface DropLine {
  readonly line: string;
  readonly item: string;
  readonly account: string;
  readonly net: string;
  readonly tax: string;
  readonly debit: string;
  readonly credit: string;
}

/** A document as it stands in a file, whatever the file's format. */
export interface DropDocument {
  readonly kind: DropKind;
  /** Null where the format has no place for it. */
  readonly externalId: string | null;
  readonly number: string;
  readonly legalEntity: string;
  readonly customer: string;
  /** As the mapping calls it. */
  readonly currency: string;
  /** YYYY-MM-DD; "" of a customer. */
  readonly date: string;
  /** Of its head; of a journal "". */
  readonly net: string;
  readonly tax: string;
  readonly lines: readonly DropLine[];
  /** Rows that the manifest counts. */
  readonly rows: number;
}

const DECIMAL = /^-?\d{1,20}(\.\d{1,10})?$/;
const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

export function requireDecimal(text: string, what: string): void {
  if (!DECIMAL.test(text)) throw new DropFault("AMOUNT", `${what} is not a decimal with a point: ${text}`);
}

export function requireDay(text: string, what: string): void {
  if (!DAY.test(text)) throw new DropFault("DATE", `${what} is not a day: ${text}`);
}

/** Exact sum of decimal texts; "" counts nothing. */
export function sumOf(texts: readonly string[]): string {
  return plainText(texts.reduce((sum, text) => sum + (text === "" ? 0n : scaled(text)), 0n));
}

export function equalAmounts(one: string, other: string): boolean {
  return scaled(one) === scaled(other);
}

/** What the trailer and the manifest say of a document: net and tax of its lines, of a journal its debits, of a customer nothing. */
export function documentSum({ kind, lines }: DropDocument): string {
  if (kind === "customer") return "0";
  if (kind === "journal") return sumOf(lines.map(({ debit }) => debit));
  return sumOf(lines.flatMap(({ net, tax }) => [net, tax]));
}

/** Lines are numbered from 1; amounts are where the kind has them and nowhere else; the head is the sum of the lines; a journal balances. */
export function checkDocument(document: DropDocument): void {
  const { kind, lines, net, tax, date } = document;
  if (kind === "customer") {
    if (lines.length > 0) throw new DropFault("LINES", "a customer has no lines");
    return;
  }
  requireDay(date, "the date");
  if (lines.length === 0) throw new DropFault("LINES", "there are no lines");
  lines.forEach((line, index) => {
    if (Number(line.line) !== index + 1) throw new DropFault("LINES", `line ${index + 1} has another number`);
    checkLine(kind, line, `line ${index + 1}`);
  });
  if (kind === "journal") {
    const debits = sumOf(lines.map(({ debit }) => debit));
    if (!equalAmounts(debits, sumOf(lines.map(({ credit }) => credit))))
      throw new DropFault("BALANCE", "debits are not credits");
    return;
  }
  requireDecimal(net, "the net amount");
  requireDecimal(tax, "the tax");
  const isSum =
    equalAmounts(net, sumOf(lines.map((line) => line.net))) &&
    equalAmounts(tax, sumOf(lines.map((line) => line.tax)));
  if (!isSum) throw new DropFault("TOTALS", "the head is not the sum of the lines");
}

function checkLine(kind: DropKind, line: DropLine, what: string): void {
  if (kind !== "journal") {
    requireDecimal(line.net, `the net amount of ${what}`);
    requireDecimal(line.tax, `the tax of ${what}`);
    if (line.debit !== "" || line.credit !== "") throw new DropFault("LINES", `${what} has a side`);
    if (line.item === "") throw new DropFault("LINES", `${what} has no item`);
    return;
  }
  const sides = [line.debit, line.credit].filter((side) => side !== "");
  if (sides.length !== 1) throw new DropFault("LINES", `${what} must have a debit or a credit`);
  const [side = ""] = sides;
  requireDecimal(side, `the amount of ${what}`);
  if (scaled(side) <= 0n) throw new DropFault("LINES", `the amount of ${what} is not positive`);
  if (line.account === "") throw new DropFault("LINES", `${what} has no account`);
}
