import { expect, test } from "vitest";
import type { PricingCase } from "../../oracle/pricing/adapter.ts";
import { loadPricingCases, runCase } from "../../oracle/pricing/runner.ts";

const CASES = loadPricingCases(new URL("../../oracle/data/pricing.json", import.meta.url));

function caseOf(id: string): PricingCase {
  const found = CASES.find((pricingCase) => pricingCase.id === id);
  if (found === undefined) throw new Error(`no case ${id}`);
  return found;
}

test("a case of another form has no adapter; other figures differ", async () => {
  const pricingCase = caseOf("295");
  expect((await runCase({ ...pricingCase, config: {} })).status).toBe("no adapter");
  const expected = { ...pricingCase.expected, amount: "14500.01" };
  expect(await runCase({ ...pricingCase, expected })).toMatchObject({
    status: "differ",
    answer: { amount: "14500" },
  });
});

/** Further cases of the kind. */
test.each<{
  readonly grant: object;
  readonly until: string;
  readonly used: string;
  readonly expected: object;
}>([
  { grant: {}, until: "P30D", used: "150", expected: { overage: "50", balances: { g1: "0" } } },
  { grant: { effective: "P10D" }, until: "P5D", used: "50", expected: { balances: { g1: "0" } } },
  {
    grant: { effective: "-P1Y", expires: "-P364D" },
    until: "P5D",
    used: "50",
    expected: { overage: "50", balances: { g1: "0" } },
  },
  {
    grant: { recurrence: "P1D anchored P0D" },
    until: "P1DT1H",
    used: "120",
    expected: { balances: { g1: "80" } },
  },
  { grant: { deleted: "P0D" }, until: "P5D", used: "50", expected: { balances: { g1: "0" } } },
])("a grant $grant of 100 after use of $used", async ({ grant, until, used, expected }) => {
  const terms = { id: "g1", amount: "100", balance: "100", priority: 1, ...grant };
  const pricingCase: PricingCase = {
    id: "own",
    source_repo: "own",
    model: "grant_burndown",
    config: { grants: [terms] },
    input: { usage: [{ at: "P0DT1H", value: used }], until },
    expected: { ...expected },
  };
  expect(await runCase(pricingCase)).toEqual({ status: "agree" });
});
