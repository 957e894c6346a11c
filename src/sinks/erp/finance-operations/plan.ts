import type { ExactJson } from "../../http/exact-json.ts";
import type { PlannedPosting } from "../erp-sink.ts";

/**
 * How taxes are sent: as lines of an account (nothing is left for the ERP to work out), or as sales tax groups, of which it works out
 * the taxes itself when it posts.
 */
export const TAX_MODES = ["lines", "sales-tax"] as const;
export type TaxMode = (typeof TAX_MODES)[number];

/** Parts of a customer's master data. */
export const CUSTOMER_PARTS = ["name", "email", "address", "terms", "tax_id"] as const;
export type CustomerPart = (typeof CUSTOMER_PARTS)[number];

/** Fields of a customer that may hold a tax number. */
export const TAX_ID_FIELDS = ["TaxExemptNumber", "OrganizationNumber", "IdentificationNumber"] as const;

/** What a connection says about the documents that it makes. */
export interface PlanSettings {
  readonly taxes: TaxMode;
  /** Segments of a ledger account behind its main account, in the order of the environment's format for integrating applications. */
  readonly ledgerDimensions: readonly string[];
  /** What stands between segments. */
  readonly ledgerDelimiter: string;
  /** Parts of a customer that are the ERP's own once it is there: they are sent when it is made, and never again. */
  readonly ownedParts: readonly CustomerPart[];
  /** Field of a customer that gets the tax number. */
  readonly taxIdField?: (typeof TAX_ID_FIELDS)[number];
}

/** Makes plans of commands. */
export interface PlanContext {
  /** The connection's prefix, as it is. */
  readonly prefix: string;
  readonly settings: PlanSettings;
}

export type JsonObject = { readonly [name: string]: ExactJson | undefined };

/** Creates a customer, or brings it up to date. */
export interface CustomerRequest {
  readonly kind: "customer";
  readonly company: string;
  readonly account: string;
  /** Texts by the names of the fields, without the key. */
  readonly fields: Readonly<Record<string, string>>;
  /** Fields that are sent for a new customer only. */
  readonly onlyNew: readonly string[];
}

/** The mapping names a customer that is the ERP's own: it is looked at and never changed. */
export interface ExistingCustomerRequest {
  readonly kind: "existing-customer";
  readonly company: string;
  readonly account: string;
}

/** A free text invoice; one with negative lines gives back. */
export interface InvoiceRequest {
  readonly kind: "invoice";
  readonly company: string;
  readonly header: JsonObject;
  readonly lines: readonly JsonObject[];
}

/** A general journal. Lines lack the number of their journal, which the ERP gives. */
export interface JournalRequest {
  readonly kind: "journal";
  readonly company: string;
  readonly header: JsonObject;
  readonly lines: readonly JsonObject[];
}

export type FinanceOperationsRequest =
  CustomerRequest | ExistingCustomerRequest | InvoiceRequest | JournalRequest;

export interface FinanceOperationsPlan extends PlannedPosting {
  readonly request: FinanceOperationsRequest;
}

/** A plan with one kind of request. */
export type PlanOf<Request extends FinanceOperationsRequest> = FinanceOperationsPlan & {
  readonly request: Request;
};

const REQUEST_KINDS: ReadonlySet<unknown> = new Set(["customer", "existing-customer", "invoice", "journal"]);

/** A plan that this folder has made: nobody else looks into its request. Throws TypeError for another adapter's. */
export function financeOperationsPlan(plan: PlannedPosting): FinanceOperationsPlan {
  if (isOwnPlan(plan)) return plan;
  throw new TypeError("the plan was made by another adapter");
}

function isOwnPlan(plan: PlannedPosting): plan is FinanceOperationsPlan {
  const { request } = plan;
  return (
    typeof request === "object" &&
    request !== null &&
    REQUEST_KINDS.has(Reflect.get(request, "kind")) &&
    typeof Reflect.get(request, "company") === "string"
  );
}

export function isInvoicePlan(plan: FinanceOperationsPlan): plan is PlanOf<InvoiceRequest> {
  return plan.request.kind === "invoice";
}

export function isJournalPlan(plan: FinanceOperationsPlan): plan is PlanOf<JournalRequest> {
  return plan.request.kind === "journal";
}
