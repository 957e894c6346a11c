import { compileGrant } from "../credits/grant-schema.ts";
import type { BillingCalendar } from "../periods.ts";
import type { DiscountFields } from "../rating/adjustments/discounts.ts";
import { canonicalCommitmentText } from "./canonical.ts";
import { planId } from "./checks.ts";
import type { ContractGrant } from "./compiled.ts";
import type { CompiledPlan } from "./compile-plan.ts";
import { commitmentsOf } from "./contract-terms.ts";
import { canonicalInstantMs } from "./contract-times.ts";
import type { ContractTerms } from "./contracted.ts";
import { alertLevels, type Contract, DEFAULT_PAYMENT_DAYS } from "./entities.ts";
import type { LegalEntity } from "./legal-entity.ts";

interface TermsParts {
  readonly contract: Contract;
  readonly plan: CompiledPlan;
  /** Of its billing periods, and of its legal entity's accounts. */
  readonly calendar: BillingCalendar;
  readonly accounting: BillingCalendar;
  readonly legalEntity: LegalEntity;
  readonly meterScale: (meter: string) => number;
}

function termsOf(parts: TermsParts): ContractTerms {
  const { contract, plan, calendar, accounting, legalEntity, meterScale } = parts;
  return {
    plan: planId(contract.plan),
    compiledPlan: plan,
    commitmentText: canonicalCommitmentText(contract.commitments),
    calendar: calendarOf(contract),
    timeZone: contract.time_zone,
    legalEntity,
    invoiceDiscounts: contract.invoice_discounts ?? NO_DISCOUNTS,
    paymentDays: contract.payment_days ?? DEFAULT_PAYMENT_DAYS,
    dimensions: contract.dimensions ?? NO_DIMENSIONS,
    pricesIncludeTax: plan.plan.prices_include_tax === true,
    commitments:
      contract.commitments === undefined ? plan.commitments : plan.commit(commitmentsOf(contract, plan.plan)),
    grants: compileGrants(contract, plan.currencyExponent, meterScale),
    alerts: contract.alerts === undefined ? DEFAULT_ALERTS : alertLevels(contract),
    billingCalendar: calendar,
    accountingCalendar: accounting,
  };
}

/** Terms by what they follow from. Contracts with terms that others will hardly have, such as credits, have their own. */
export class SharedTerms {
  readonly #known = new Map<string, ContractTerms>();

  of(parts: TermsParts): ContractTerms {
    const { contract, calendar } = parts;
    const { commitments, credits, alerts, dimensions, invoice_discounts: discounts } = contract;
    const isCommon = [commitments, credits, alerts, dimensions, discounts].every(
      (each) => each === undefined,
    );
    if (!isCommon) return termsOf(parts);
    const { payment_days: paymentDays, legal_entity: entity = "" } = contract;
    const key = [planId(contract.plan), calendarOf(contract), calendar.anchorMonth, paymentDays, entity].join(
      "\u0000",
    );
    let terms = this.#known.get(key);
    if (terms === undefined) this.#known.set(key, (terms = termsOf(parts)));
    return terms;
  }
}

function calendarOf(contract: Contract): string {
  const { billing_months: months = 1, billing_anchor_month: anchorMonth = "start" } = contract;
  const monthly = `${contract.billing_anchor_day} ${contract.time_zone}`;
  return months === 1 ? monthly : `${months} from ${anchorMonth}: ${monthly}`;
}

const NO_DISCOUNTS: DiscountFields = [];
const NO_DIMENSIONS: Readonly<Record<string, string>> = {};
const NO_GRANTS: readonly ContractGrant[] = [];
const DEFAULT_ALERTS = alertLevels({});

function compileGrants(
  contract: Contract,
  currencyExponent: number,
  meterScale: (meter: string) => number,
): readonly ContractGrant[] {
  const { credits, time_zone: timeZone } = contract;
  if (credits === undefined || credits.length === 0) return NO_GRANTS;
  return credits
    .map((grant): ContractGrant => {
      const meter = grant.unit === "quantity" ? grant.meters[0] : undefined;
      const scale = meter === undefined ? currencyExponent : meterScale(meter);
      return {
        terms: compileGrant(grant, { timeZone, scale, instantMs: canonicalInstantMs }),
        meter,
        voidedMs: grant.voided === undefined ? undefined : canonicalInstantMs(grant.voided),
      };
    })
    .sort((a, b) => (a.terms.id < b.terms.id ? -1 : 1));
}
