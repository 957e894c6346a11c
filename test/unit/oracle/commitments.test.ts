import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Exact } from "../../../src/billing/rating/exact.ts";
import { type PricingCase, WaitingCase } from "../../oracle/pricing/adapter.ts";
import { COMMITMENT_ADAPTERS } from "../../oracle/pricing/commitment-adapters.ts";
import { COMMITMENT_BY_CHOICE } from "../../oracle/pricing/commitment-by-choice.ts";
import { minimumSpend } from "../../oracle/pricing/commitments/minimum-adapters.ts";

const CASES: readonly PricingCase[] = JSON.parse(
  readFileSync(new URL("../../oracle/data/pricing.json", import.meta.url), "utf8"),
);
const MODELS = new Set(COMMITMENT_ADAPTERS.flatMap(({ models }) => models));

/** Texts and numbers that are decimals become equal where their values are. */
function comparable(value: unknown): unknown {
  if (typeof value === "number") return comparable(String(value));
  if (typeof value === "string") return /^-?\d+(\.\d+)?$/.test(value) ? new Exact(value).toString() : value;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, comparable(part)]));
}

function answer(pricingCase: PricingCase): unknown {
  const adapter = COMMITMENT_ADAPTERS.find(({ models }) => models.includes(pricingCase.model));
  return comparable(adapter?.answer(pricingCase));
}

const WAITING = ["213"];
const byChoice = new Map(COMMITMENT_BY_CHOICE.map((choice) => [choice.id, choice]));
const answered = CASES.filter(({ model, id }) => MODELS.has(model) && !WAITING.includes(id));

test.each(answered)("case $id ($model) agrees with its source", (pricingCase) => {
  const expected = byChoice.get(pricingCase.id)?.ourAnswer ?? pricingCase.expected;
  expect(answer(pricingCase)).toEqual(comparable(expected));
});

test("every model has cases, and what waits says why", () => {
  expect(answered.length).toBeGreaterThan(25);
  expect([...MODELS].filter((model) => !CASES.some((one) => one.model === model))).toEqual([]);
  for (const pricingCase of CASES.filter(({ id }) => WAITING.includes(id)))
    expect(() => answer(pricingCase)).toThrow(WaitingCase);
});

test("usage and true-up of the case that waits agree", () => {
  const pricingCase = CASES.find(({ id }) => id === "213");
  if (pricingCase === undefined) throw new Error("no case 213");
  expect(pricingCase.expected).toMatchObject(minimumSpend(pricingCase));
});
