import { parseDecimal } from "../../model/decimal.ts";
import { equalDecimals } from "../../model/exact-sum.ts";
import type { ComparedDocument, ComparedLine } from "../erp/erp-sink.ts";

/** A field in which a document of ours and the ERP's differ, with both values as text for people. */
export interface Difference {
  readonly field: keyof ComparedDocument;
  readonly expected: string;
  readonly found: string;
}

/** Values longer than this are cut in what people read. */
const MAX_VALUE_LENGTH = 60;
/** Differing fields named in a message; the first few tell which document it is. */
const MAX_NAMED = 4;

const TEXTS = ["customer", "legalEntity", "currency", "date"] as const;
const AMOUNTS = ["total", "tax"] as const;

/** Where header or lines differ; empty where they are equal. Amounts are compared as numbers, lines in any order. */
export function compareDocuments(expected: ComparedDocument, found: ComparedDocument): Difference[] {
  const differences: Difference[] = [];
  for (const field of TEXTS)
    if (expected[field] !== found[field]) differences.push(difference(field, expected[field], found[field]));
  for (const field of AMOUNTS)
    if (!equalAmounts(expected[field], found[field]))
      differences.push(difference(field, expected[field], found[field]));
  const onlyExpected = without(expected.lines, found.lines);
  const onlyFound = without(found.lines, expected.lines);
  if (onlyExpected.length > 0 || onlyFound.length > 0)
    differences.push(difference("lines", linesText(onlyExpected), linesText(onlyFound)));
  return differences;
}

/** One sentence for people, bounded. */
export function describeDifferences(differences: readonly Difference[]): string {
  const named = differences
    .slice(0, MAX_NAMED)
    .map(({ field, expected, found }) => `${field} is ${found} in the ERP, ${expected} here`);
  const more = differences.length - named.length;
  return `${named.join("; ")}${more > 0 ? `; and ${more} more fields` : ""}.`;
}

function difference(field: Difference["field"], expected: string | null, found: string | null): Difference {
  return { field, expected: shown(expected), found: shown(found) };
}

function shown(value: string | null): string {
  if (value === null) return "nothing";
  return value.length > MAX_VALUE_LENGTH ? `${value.slice(0, MAX_VALUE_LENGTH)}…` : value;
}

function equalAmounts(expected: string | null, found: string | null): boolean {
  if (expected === null || found === null) return expected === found;
  // What is no number is never equal to an amount of ours.
  return parseDecimal(found) !== undefined && equalDecimals(expected, found);
}

/** Lines of `all` that have no partner in `others`: both are multisets. */
function without(all: readonly ComparedLine[], others: readonly ComparedLine[]): ComparedLine[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(lineKey(line), (left.get(lineKey(line)) ?? 0) + 1);
  return all.filter((line) => {
    const key = lineKey(line);
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
}

/** Equal for lines that are equal: the amount in its canonical form. */
function lineKey({ reference, amount }: ComparedLine): string {
  const decimal = parseDecimal(amount);
  return JSON.stringify([
    reference,
    decimal === undefined ? amount : [String(decimal.coefficient), decimal.scale],
  ]);
}

function linesText(lines: readonly ComparedLine[]): string {
  return lines.length === 0
    ? "no other line"
    : lines.map(({ reference, amount }) => `${reference}: ${amount}`).join(", ");
}
