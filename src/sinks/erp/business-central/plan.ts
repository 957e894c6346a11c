import type { ExactJson } from "../../http/exact-json.ts";
import type { PlannedPosting } from "../erp-sink.ts";

/**
 * Where an invoice's taxes are from. `computed`: Business Central works them out by the tax codes of the lines, and they must come to the document's; `lines`: each tax is
 * a line of its own.
 */
export const TAX_MODES = ["computed", "lines"] as const;
export type TaxMode = (typeof TAX_MODES)[number];

/** What a connection says about the documents that it makes. */
export interface PlanSettings {
  /** Ids of the companies that are posted to, in lower case. */
  readonly companies: readonly string[];
  readonly taxes: TaxMode;
  /** Tax code of lines without tax; undefined: that of the account or item. */
  readonly untaxedCode?: string;
  /** Id of a customer's tax area (business posting group) by its country, or country and region: "DE", "US/CA". */
  readonly taxAreas: Readonly<Record<string, string>>;
  /** Whether tax numbers of customers are sent. */
  readonly sendsTaxIds: boolean;
}

export type JsonObject = { readonly [name: string]: ExactJson | undefined };

/** Creates the customer, or makes an existing one the same. */
export interface CustomerRequest {
  readonly kind: "customer";
  readonly company: string;
  readonly number: string;
  readonly body: JsonObject;
}

/** The mapping names a customer that Business Central owns: it is looked at and never changed. */
export interface ExistingCustomerRequest {
  readonly kind: "existing-customer";
  readonly company: string;
  readonly number: string;
}

/** An invoice or credit memo: a draft with its lines, compared, and then posted. */
export interface SaleRequest {
  readonly kind: "sale";
  readonly company: string;
  readonly header: JsonObject;
  readonly lines: readonly JsonObject[];
  /** The invoice that a memo is applied to. */
  readonly applyTo: { readonly externalId: string; readonly mustExist: boolean } | null;
}

/** A journal: lines in a batch of their own, which is then posted. */
export interface JournalRequest {
  readonly kind: "journal";
  readonly company: string;
  /** Name of the batch. */
  readonly code: string;
  readonly displayName: string;
  readonly lines: readonly JsonObject[];
}

export type BusinessCentralRequest = CustomerRequest | ExistingCustomerRequest | SaleRequest | JournalRequest;

export interface BusinessCentralPlan<Request = BusinessCentralRequest> extends PlannedPosting {
  readonly request: Request;
}

/** Makes plans of commands. */
export interface PlanContext {
  readonly prefix: string;
  readonly settings: PlanSettings;
}

const REQUEST_KINDS: ReadonlySet<unknown> = new Set<BusinessCentralRequest["kind"]>([
  "customer",
  "existing-customer",
  "sale",
  "journal",
]);

/** A plan that this folder has made: nobody else looks into its request. Throws TypeError for another adapter's. */
export function businessCentralPlan(plan: PlannedPosting): BusinessCentralPlan {
  if (isBusinessCentralPlan(plan)) return plan;
  throw new TypeError("the plan was made by another adapter");
}

function isBusinessCentralPlan(plan: PlannedPosting): plan is BusinessCentralPlan {
  const { request } = plan;
  return typeof request === "object" && request !== null && REQUEST_KINDS.has(Reflect.get(request, "kind"));
}

export function isSale(plan: BusinessCentralPlan): plan is BusinessCentralPlan<SaleRequest> {
  return plan.request.kind === "sale";
}

export function isJournal(plan: BusinessCentralPlan): plan is BusinessCentralPlan<JournalRequest> {
  return plan.request.kind === "journal";
}

export function isCustomer(
  plan: BusinessCentralPlan,
): plan is BusinessCentralPlan<CustomerRequest | ExistingCustomerRequest> {
  return plan.request.kind === "customer" || plan.request.kind === "existing-customer";
}
