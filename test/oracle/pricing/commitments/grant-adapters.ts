import { z } from "zod";
import { CreditLedger, InsufficientCredits } from "../../../../src/billing/credits/credit-ledger.ts";
import type { GrantTerms } from "../../../../src/billing/credits/grant-terms.ts";
import { foldLedger } from "../../../../src/billing/credits/ledger-entries.ts";
import { scaledDecimal } from "../../../../src/billing/decimal-text.ts";
import type { PricingAdapter } from "../adapter.ts";
import { atScale, commonScale, decimalText } from "../case-fields.ts";
import { caseRecurrence, caseTimeMs } from "./case-times.ts";
import { namedMembers } from "./named-members.ts";

const SOURCE = { product: "p", meter: "m" };

const GRANT_DEFAULTS: Omit<GrantTerms, "id" | "amount"> = {
  openingAmount: undefined,
  priority: undefined,
  createdMs: 0,
  effectiveMs: 0,
  expiresMs: undefined,
  products: [],
  meters: [],
  recurrence: undefined,
  rollover: undefined,
};

export function grantTerms(terms: Pick<GrantTerms, "id" | "amount"> & Partial<GrantTerms>): GrantTerms {
  return { ...GRANT_DEFAULTS, ...terms };
}

const grantCaseSchema = z.strictObject({
  id: z.string(),
  amount: decimalText,
  balance: decimalText.optional(),
  priority: z.number().optional(),
  effective: z.string().default("P0D"),
  expires: z.string().optional(),
  voided: z.string().optional(),
  deleted: z.string().optional(),
  recurrence: z.string().optional(),
});
type GrantCase = z.output<typeof grantCaseSchema>;

const burndownInput = z.strictObject({
  start: z.string().default("P0D"),
  until: z.string().optional(),
  overage: decimalText.default("0"),
  usage: z.array(z.strictObject({ at: z.string(), value: decimalText })),
});

const grantBurndown: PricingAdapter = {
  models: ["grant_burndown"],
  answer(pricingCase) {
    const { grants } = z.object({ grants: z.array(grantCaseSchema) }).parse(pricingCase.config);
    const { start, until, overage, usage } = burndownInput.parse(pricingCase.input);
    const texts = [overage, ...usage.map(({ value }) => value)];
    const scale = commonScale([
      ...texts,
      ...grants.flatMap(({ amount, balance }) => [amount, balance ?? "0"]),
    ]);
    const startMs = caseTimeMs(start);
    const untilMs = until === undefined ? Infinity : caseTimeMs(until);
    const ledger = CreditLedger.open("case", startMs, "carry");
    for (const [index, grant] of grants.entries())
      ledger.addGrant(termsOf(grant, index, startMs, scale), startMs);
    ledger.burn(SOURCE, atScale(overage, scale), startMs);
    const overages = new Map<string, bigint>();
    for (const { atMs, run } of inTimeOrder([
      ...grants.flatMap(({ id, effective }) => ({
        atMs: caseTimeMs(effective) - 1,
        rank: 0,
        run: () => {
          ledger.advance(caseTimeMs(effective) - 1);
          overages.set(id, ledger.overage());
        },
      })),
      ...grants.flatMap(({ id, voided, deleted }) =>
        [voided, deleted].flatMap((text) => {
          if (text === undefined) return [];
          const atMs = caseTimeMs(text);
          return [{ atMs, rank: 0, run: () => ledger.voidGrant(id, atMs) }];
        }),
      ),
      ...usage.map(({ at, value }) => {
        const atMs = caseTimeMs(at);
        return { atMs, rank: 1, run: () => void ledger.burn(SOURCE, atScale(value, scale), atMs) };
      }),
    ]))
      // The case covers [start, until).
      if (atMs >= startMs && atMs < untilMs) run();
    if (untilMs !== Infinity) ledger.advance(untilMs - 1);
    const decimal = (units: bigint): string => scaledDecimal(units, scale);
    const totals = foldLedger(ledger.takeEntries());
    return namedMembers(pricingCase, {
      overage: decimal(ledger.overage()),
      balances: Object.fromEntries(grants.map(({ id }) => [id, decimal(totals.get(id)?.balance ?? 0n)])),
      overage_at_grant_start: decimal(overages.get(grants.at(-1)?.id ?? "") ?? 0n),
    });
  },
};

function termsOf(grant: GrantCase, index: number, startMs: number, scale: number): GrantTerms {
  const effectiveMs = caseTimeMs(grant.effective);
  // The balance of a grant that is not effective at the start says nothing yet.
  const isUsed = grant.balance !== undefined && effectiveMs <= startMs;
  return grantTerms({
    id: grant.id,
    amount: atScale(grant.amount, scale),
    openingAmount: isUsed ? atScale(grant.balance ?? "0", scale) : undefined,
    priority: grant.priority,
    createdMs: index,
    effectiveMs,
    expiresMs: grant.expires === undefined ? undefined : caseTimeMs(grant.expires),
    recurrence: grant.recurrence === undefined ? undefined : caseRecurrence(grant.recurrence),
  });
}

interface Step {
  readonly atMs: number;
  /** Of the same moment lower ones go first. */
  readonly rank: number;
  readonly run: () => void;
}

function inTimeOrder(steps: readonly Step[]): readonly Step[] {
  return [...steps].sort((a, b) => a.atMs - b.atMs || a.rank - b.rank);
}

/** When wallets of the cases are used: their credits are effective, and expire in the years after. */
const WALLET_TIME = Date.UTC(2026, 0, 1);

const walletBurndown: PricingAdapter = {
  models: ["wallet_burndown"],
  answer(pricingCase) {
    const { credits } = z
      .object({
        credits: z.array(
          z.object({
            amount: decimalText,
            priority: z.number().nullish(),
            expires: z.string().nullish(),
          }),
        ),
      })
      .parse(pricingCase.config);
    const { debit } = z.object({ debit: decimalText }).parse(pricingCase.input);
    const scale = commonScale([debit, ...credits.map(({ amount }) => amount)]);
    const ledger = CreditLedger.open("case", WALLET_TIME, "charge");
    for (const [index, { amount, priority, expires }] of credits.entries()) {
      ledger.addGrant(
        grantTerms({
          id: `credit-${index}`,
          amount: atScale(amount, scale),
          priority: priority ?? undefined,
          createdMs: index,
          expiresMs: expires === undefined || expires === null ? undefined : caseTimeMs(expires),
        }),
        WALLET_TIME,
      );
    }
    let error: string | undefined;
    try {
      ledger.burn(SOURCE, atScale(debit, scale), WALLET_TIME, "refuse");
    } catch (fault) {
      if (!(fault instanceof InsufficientCredits)) throw fault;
      error = "insufficient balance";
    }
    const decimal = (units: bigint): string => scaledDecimal(units, scale);
    const remaining = new Map<string, bigint>();
    for (const { terms, balance } of ledger.state.grants) {
      const member = `priority${terms.priority ?? "_none"}_remaining`;
      remaining.set(member, (remaining.get(member) ?? 0n) + balance);
    }
    return namedMembers(pricingCase, {
      ...(error === undefined ? {} : { error }),
      balance: decimal(ledger.balance()),
      ...Object.fromEntries([...remaining].map(([member, units]) => [member, decimal(units)])),
    });
  },
};

export const GRANT_ADAPTERS: readonly PricingAdapter[] = [grantBurndown, walletBurndown];
