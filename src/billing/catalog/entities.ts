import { z } from "zod";
import { RETRACTION_TYPE } from "../../model/content-types.ts";
import { commitmentSchema } from "../commitments/commitment-schema.ts";
import { creditGrantSchema } from "../credits/grant-schema.ts";
import { discountsField } from "../rating/adjustments/discounts.ts";
import { currencyExponent } from "../rating/currencies.ts";
import { MONEY_ROUNDINGS } from "../rating/money.ts";
import { priceSchema } from "../rating/price-models.ts";
import { startOfDate } from "./dates.ts";
import { durationField, integerField, keyField, textField } from "./fields.ts";
import { addressFields, taxExemptionSchema, type TaxRate } from "../tax/tax-rate.ts";
import type { ErpConnection } from "../posting/erp-connection.ts";
import type { MappingRow } from "../posting/mapping-row.ts";
import type { ExchangeRate } from "../exchange/exchange-rate.ts";
import type { LegalEntity } from "./legal-entity.ts";

/**
 * The entities of the catalog. Field names follow Stripe's and OpenMeter's usage. Objects are strict: an unknown key is a
 * fault, because a misspelt one would otherwise be a price that silently does not apply. What one entity alone can tell
 * is checked here; what needs several is in checks.ts.
 */

/** Decimal places a meter may keep: 10^18 units of the last place are still far below the limits of exact sums. */
const MAX_SCALE = 18;

export const settingsSchema = z.strictObject({
  regions: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1–64 letters, digits, '_' or '-' (it is part of a subject)"),
    )
    .min(1, "must name at least one region")
    .describe("Regions whose events move the watermark."),
  disorder: durationField()
    .default("5m")
    .describe("How far events may stand behind the newest of their region before they are late."),
  grace: durationField().describe("How long a billing period stays open behind its end."),
  billing_start: z
    .string()
    .refine((text) => startOfDate(text) !== undefined, "must be a date, like 2026-01-31")
    .optional()
    .describe(
      "Date (UTC): billing periods that ended by then are not billed, because another system did; left out: all are.",
    ),
  reverse_charge_countries: z
    .array(z.string().regex(/^[A-Z]{2}$/, "must be an ISO 3166 alpha-2 code, like DE"))
    .optional()
    .describe(
      "Countries between which a business with a tax id accounts for the tax itself, like those of the EU.",
    ),
  exchange_rate_max_age: durationField()
    .optional()
    .describe("How far before an entry's day the date of its exchange rate may be; 7d where left out."),
  cell_minutes: integerField(15, 60)
    .refine((minutes) => [15, 30, 60].includes(minutes), "must be 60, 30 or 15")
    .default(60)
    .describe("Grid of the windows: 60, 30 or 15."),
  max_age: durationField().default("35d").describe("Older events (against arrival) are rejected."),
  max_ahead: durationField().default("1d").describe("Events further ahead of arrival are rejected."),
  dedupe_horizon: durationField()
    .default("37d")
    .describe("How long event ids are remembered: at least max_age + max_ahead + 1 day."),
});

/** Aggregations whose cells don't tell what is behind their value. */
const KEEPS_VALUES: ReadonlySet<string> = new Set(["min", "max", "latest", "unique"]);

const filterSchema = z.strictObject({
  property: textField().describe("Property of the event's data; nested ones with dots."),
  any_of: z.array(textField()).min(1, "must name at least one value"),
});

export const meterSchema = z
  .strictObject({
    key: keyField(),
    event_type: textField().describe("CloudEvents type of the events it reads."),
    aggregation: z.enum(["sum", "count", "min", "max", "latest", "unique", "time_weighted"]),
    value_property: textField()
      .optional()
      .describe("Property of the event's data that is aggregated; none for count."),
    scale: integerField(0, MAX_SCALE)
      .default(0)
      .describe("Decimal places of its values; more digits are rejected."),
    unit: textField().optional().describe("Name of the unit, for people."),
    group_by: z
      .record(keyField(), textField())
      .default({})
      .describe("Dimensions: name → property of the event's data."),
    filters: z.array(filterSchema).default([]).describe("An event counts when it passes all of them."),
    retractable: z
      .boolean()
      .optional()
      .describe(
        "Whether events can be taken back: of min, max, latest and unique, which then keep their events' values. The others can always.",
      ),
  })
  .superRefine((meter, context) => {
    const fault = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    const counts = meter.aggregation === "count";
    if (counts && meter.value_property !== undefined)
      fault("value_property", "must be left out for aggregation count");
    if (!counts && meter.value_property === undefined)
      fault("value_property", `is required for aggregation ${meter.aggregation}`);
    if ((counts || meter.aggregation === "unique") && meter.scale !== 0)
      fault("scale", `must be 0 for aggregation ${meter.aggregation}`);
    if (meter.event_type === RETRACTION_TYPE)
      fault("event_type", `${RETRACTION_TYPE} is the type of retractions`);
    if (meter.retractable === true && !KEEPS_VALUES.has(meter.aggregation))
      fault("retractable", `must be left out for aggregation ${meter.aggregation}, which always is`);
    const filtered = new Set<string>();
    for (const [index, { property }] of meter.filters.entries()) {
      if (filtered.has(property)) {
        context.addIssue({
          code: "custom",
          path: ["filters", index, "property"],
          message: `${property} is filtered twice`,
        });
      }
      filtered.add(property);
    }
  });

/** Accounting dimensions: name → value, like department → platform. */
const dimensionsField = () => z.record(keyField(), textField()).optional();

export const productSchema = z.strictObject({
  key: keyField(),
  name: textField(),
  tax_code: textField()
    .optional()
    .describe("What it is to the tax authorities: a code of the tax table or service."),
  dimensions: dimensionsField().describe("Accounting dimensions of what it is sold for."),
});

export const planSchema = z.strictObject({
  key: keyField(),
  version: integerField(1, 999_999).describe("Contracts pin it; a change of prices is a new version."),
  name: textField().optional(),
  currency: z
    .string()
    .refine((code) => currencyExponent(code) !== undefined, {
      error: (issue) => `${JSON.stringify(issue.input)} is not an ISO 4217 currency`,
    })
    .describe("ISO 4217 alphabetic code, upper case."),
  rounding: z
    .enum(MONEY_ROUNDINGS)
    .default("half_away_from_zero")
    .describe("Where ties go when a charge is rounded to the currency's digits."),
  prices: z.array(priceSchema),
  prices_include_tax: z
    .boolean()
    .optional()
    .describe("Whether its prices are gross: the tax is a part of them. Left out: it is added to them."),
  commitments: z
    .array(commitmentSchema)
    .optional()
    .describe("Minimums that every contract of the plan commits to."),
});

/** When people are told; each once a billing period (credits: once until credits are added). */
const DEFAULT_COMMITMENT_PERCENTS = [80, 100];
const DEFAULT_CREDIT_PERCENTS = [20, 0];
/** Bounds the work of an alert; more levels than this tell nobody anything. */
const MAX_ALERT_LEVELS = 20;
const MAX_ALERT_PERCENT = 1000;

const alertsSchema = z.strictObject({
  commitment_percents: z
    .array(integerField(1, MAX_ALERT_PERCENT))
    .max(MAX_ALERT_LEVELS)
    .optional()
    .describe("Percent of a commitment whose use is reported; 80 and 100 where left out."),
  credit_percents: z
    .array(integerField(0, 100))
    .max(MAX_ALERT_LEVELS)
    .optional()
    .describe(
      "Percent of the credits of which no more are left when it is reported; 20 and 0 where left out.",
    ),
});

/** Payment terms beyond a year are an oversight. */
const MONTHS_OF_YEAR = 12;
const MAX_PAYMENT_DAYS = 365;
export const DEFAULT_PAYMENT_DAYS = 30;

const instant = () =>
  z.string().describe("A date (midnight in the contract's time zone) or an RFC 3339 time with its offset.");

export const contractSchema = z.strictObject({
  id: textField(),
  customer: textField().describe("Id of the customer."),
  account: textField().describe("Billing account: the subject of its events."),
  plan: z.strictObject({ key: keyField(), version: integerField(1, 999_999) }),
  time_zone: textField().describe("IANA time zone of the billing periods, like Europe/Berlin."),
  billing_anchor_day: integerField(1, 31)
    .default(1)
    .describe("Day of the month on which a billing period starts; shorter months: their last day."),
  billing_months: integerField(1, MONTHS_OF_YEAR)
    .refine((months) => MONTHS_OF_YEAR % months === 0, "must divide the 12 months of a year")
    .optional()
    .describe("Months of a billing period: 3 for quarters, 12 for years; 1 where left out."),
  billing_anchor_month: integerField(1, MONTHS_OF_YEAR)
    .optional()
    .describe(
      "A month of the year in which a billing period of several months starts; left out: the one of the contract's start.",
    ),
  start: instant(),
  end: instant().optional().describe("First moment that is not covered any more; open where left out."),
  commitments: z
    .array(commitmentSchema)
    .optional()
    .describe("Minimums of this contract; one with the key of one of the plan's replaces it."),
  legal_entity: keyField()
    .optional()
    .describe("Key of the legal entity that sells; left out where the catalog has one or none."),
  invoice_discounts: discountsField.describe("Discounts of each invoice, in this order, before tax."),
  payment_days: integerField(0, MAX_PAYMENT_DAYS)
    .optional()
    .describe("Days from an invoice's date until it is due; 30 where left out."),
  dimensions: dimensionsField().describe("Accounting dimensions of the contract; they win over a product's."),
  credits: z.array(creditGrantSchema).optional().describe("Credits paid or given in advance."),
  alerts: alertsSchema.optional().describe("When the use of commitments and credits is reported."),
});

/** Levels at which a contract's alerts are published, each ascending without repetition. */
export function alertLevels(contract: Pick<Contract, "alerts">): {
  readonly commitmentPercents: readonly number[];
  readonly creditPercents: readonly number[];
} {
  const { alerts } = contract;
  return {
    commitmentPercents: ascending(alerts?.commitment_percents ?? DEFAULT_COMMITMENT_PERCENTS),
    creditPercents: ascending(alerts?.credit_percents ?? DEFAULT_CREDIT_PERCENTS),
  };
}

function ascending(percents: readonly number[]): readonly number[] {
  return [...new Set(percents)].sort((a, b) => a - b);
}

export const customerSchema = z.strictObject({
  id: textField(),
  name: textField(),
  ...addressFields,
  email: textField().optional().describe("Address that invoices are sent to, for the ERP."),
  tax_id: textField().optional().describe("Tax number of a business, like its VAT id."),
  tax_exemption: taxExemptionSchema.optional().describe("Why it pays no tax."),
  entity_use_code: textField()
    .optional()
    .describe("Kind of use by which the tax service taxes it otherwise, in the service's codes."),
});

export type Settings = z.output<typeof settingsSchema>;
export type Meter = z.output<typeof meterSchema>;
export type Product = z.output<typeof productSchema>;
export type Plan = z.output<typeof planSchema>;
export type Contract = z.output<typeof contractSchema>;
export type Customer = z.output<typeof customerSchema>;

/**
 * A valid catalog. Every value is in canonical form: decimals without trailing zeros, durations in their largest unit,
 * times of contracts as UTC instants.
 */
export interface Catalog {
  readonly settings: Settings;
  readonly meters: readonly Meter[];
  readonly products: readonly Product[];
  readonly plans: readonly Plan[];
  readonly contracts: readonly Contract[];
  readonly customers: readonly Customer[];
  readonly legalEntities: readonly LegalEntity[];
  readonly taxRates: readonly TaxRate[];
  readonly exchangeRates: readonly ExchangeRate[];
  /** ERPs that documents are posted to, and what canonical keys stand for in them. */
  readonly erpConnections: readonly ErpConnection[];
  readonly mappings: readonly MappingRow[];
}
