import { readFileSync } from "node:fs";
import { messageOf } from "../../../src/model/errors.ts";
import { Decimal } from "decimal.js";
import type { PricingCase } from "./adapter.ts";
import { ADAPTER_OF } from "./adapters.ts";
import { UnknownCase } from "./values.ts";

export type CaseResult =
  | { readonly status: "agree" }
  | { readonly status: "differ"; readonly answer: Readonly<Record<string, unknown>> }
  | { readonly status: "no adapter"; readonly reason: string };

export function loadPricingCases(file: string | URL): readonly PricingCase[] {
  const cases: readonly PricingCase[] = JSON.parse(readFileSync(file, "utf8"));
  if (!Array.isArray(cases)) throw new TypeError(`${String(file)} holds no list of cases`);
  return cases;
}

/** Gives a case to the adapter of its model and compares the members of `expected`. */
export async function runCase(pricingCase: PricingCase): Promise<CaseResult> {
  const adapter = ADAPTER_OF.get(pricingCase.model);
  if (adapter === undefined) return { status: "no adapter", reason: `model ${pricingCase.model}` };
  try {
    const answer = await adapter.answer(pricingCase);
    const answered = Object.fromEntries(
      Object.keys(pricingCase.expected).map((name) => [name, answer[name] ?? null]),
    );
    if (isEqual(answered, pricingCase.expected)) return { status: "agree" };
    if (answer["error"] !== undefined) return { status: "differ", answer: { error: answer["error"] } };
    const { error, ...figures } = answered;
    return { status: "differ", answer: error === null ? { ...figures, amount: answer["amount"] } : answered };
  } catch (error) {
    if (error instanceof UnknownCase) return { status: "no adapter", reason: error.message };
    // Whatever else goes wrong is our answer to the case.
    return { status: "differ", answer: { error: messageOf(error) } };
  }
}

const DECIMAL = /^-?\d+(\.\d+)?$/;

/** Equal figures, whatever way they are written (1.50 and "1.5"); texts, lists and objects member by member. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    const others: readonly unknown[] = right;
    return left.every((member, index) => isEqual(member, others[index]));
  }
  if (typeof left === "object" && left !== null && typeof right === "object" && right !== null) {
    const names = new Set([...Object.keys(left), ...Object.keys(right)]);
    return [...names].every((name) => isEqual(Reflect.get(left, name), Reflect.get(right, name)));
  }
  const figures = [left, right].map((value) => (typeof value === "number" ? String(value) : value));
  const [a, b] = figures;
  if (typeof a === "string" && typeof b === "string" && DECIMAL.test(a) && DECIMAL.test(b))
    return new Decimal(a).equals(b);
  return a === b;
}
