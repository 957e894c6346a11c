import type { PlannedPosting } from "../erp-sink.ts";
import type { BillingDocumentRequest, BillingSettings } from "./billing-requests/billing-request.ts";

/** Parts of a customer's master data. */
export const CUSTOMER_PARTS = ["name", "email", "address", "terms", "tax_id"] as const;
export type CustomerPart = (typeof CUSTOMER_PARTS)[number];

/** What a connection says about the documents that it makes. */
export interface PlanSettings {
  /** Document types of FI, two characters each. */
  readonly documentTypes: { readonly invoice: string; readonly creditMemo: string; readonly journal: string };
  /** Name that SAP shows as who entered a document. */
  readonly createdBy: string;
  /** Whether a credit memo names the invoice that it corrects, so that it takes from what is open of it. */
  readonly appliesCreditMemos: boolean;
  /** Grouping of business partners: says which numbers they get. */
  readonly customerGrouping: string;
  /** Roles that a new business partner gets. */
  readonly customerRoles: readonly string[];
  /** Language of business partners, two letters. */
  readonly language: string;
  /** Whether addresses get their region, which must be SAP's own key of it. */
  readonly sendsRegions: boolean;
  /** Category of tax number, by country (ISO 3166 alpha-2): "DE0" for DE. */
  readonly taxNumberTypes: Readonly<Record<string, string>>;
  /** Parts of a customer that are SAP's own once it is there: they are sent when it is made, and never again. */
  readonly sapOwns: readonly CustomerPart[];
  /** How invoices and memos become billing document requests; null where they are posted as documents of FI. */
  readonly billing: BillingSettings | null;
}

/** Makes plans of commands. */
export interface PlanContext {
  readonly prefix: string;
  readonly settings: PlanSettings;
}

/** Objects of controlling that an item is assigned to. */
export interface AccountAssignment {
  readonly CostCenter?: string;
  readonly ProfitCenter?: string;
  readonly Segment?: string;
  readonly WBSElement?: string;
}

/** An item of a general ledger account. Amounts are signed decimal texts: debits positive, credits negative. */
export interface LedgerItem {
  readonly account: string;
  readonly amount: string;
  readonly text: string;
  readonly taxCode: string | null;
  readonly assignment: AccountAssignment;
}

/** What SAP books as tax, for one tax code and condition type. */
export interface TaxItem {
  readonly code: string;
  readonly classification: string | null;
  readonly conditionType: string | null;
  readonly amount: string;
  readonly baseAmount: string;
}

/** The customer's item of an invoice or a memo. */
export interface DebtorItem {
  /** A number that the mapping names, or the external id by which the number is found. */
  readonly customer: { readonly id: string } | { readonly externalId: string };
  readonly amount: string;
  /** Due `netPaymentDays` after this day. */
  readonly dueBaseDate: string;
  readonly netPaymentDays: number;
}

/** A document of FI. */
export interface JournalEntryRequest {
  readonly kind: "journal-entry";
  readonly documentType: string;
  readonly createdBy: string;
  readonly companyCode: string;
  readonly currency: string;
  readonly headerText: string;
  readonly documentDate: string;
  readonly postingDate: string;
  readonly debtor: DebtorItem | null;
  readonly items: readonly LedgerItem[];
  readonly taxes: readonly TaxItem[];
  /** The invoice that a memo takes from. */
  readonly appliesTo: { readonly externalId: string; readonly mustExist: boolean } | null;
}

/** A sales area of a customer, in SAP's fields. */
export interface SalesArea {
  readonly SalesOrganization: string;
  readonly DistributionChannel: string;
  readonly Division: string;
  readonly Currency: string;
  readonly CustomerPaymentTerms: string | null;
  readonly CustomerAccountAssignmentGroup: string | null;
  readonly CustomerPricingProcedure: string | null;
}

/** Master data of a customer, in SAP's fields. What is null is left out. */
export interface BusinessPartnerRequest {
  readonly kind: "business-partner";
  readonly grouping: string;
  readonly roles: readonly string[];
  readonly language: string;
  readonly names: {
    readonly OrganizationBPName1: string;
    readonly OrganizationBPName2: string;
    readonly SearchTerm1: string;
  };
  readonly address: Readonly<Record<"Country" | "Region" | "CityName" | "PostalCode" | "StreetName", string>>;
  readonly email: string | null;
  readonly taxNumber: { readonly type: string; readonly number: string } | null;
  readonly company: {
    readonly CompanyCode: string;
    readonly ReconciliationAccount: string;
    readonly PaymentTerms: string | null;
  };
  /** Where its billing documents are made; null where there are none. */
  readonly salesArea: SalesArea | null;
  readonly sapOwns: readonly CustomerPart[];
}

/** The mapping names a customer that SAP owns: it is looked at and never changed. */
export interface ExistingCustomerRequest {
  readonly kind: "existing-customer";
  readonly id: string;
}

export type SapRequest =
  JournalEntryRequest | BillingDocumentRequest | BusinessPartnerRequest | ExistingCustomerRequest;

export interface SapPlan extends PlannedPosting {
  readonly request: SapRequest;
}

export interface JournalEntryPlan extends SapPlan {
  readonly request: JournalEntryRequest;
}

export function isJournalEntryPlan(plan: SapPlan): plan is JournalEntryPlan {
  return plan.request.kind === "journal-entry";
}

export interface BillingPlan extends SapPlan {
  readonly request: BillingDocumentRequest;
}

export function isBillingPlan(plan: SapPlan): plan is BillingPlan {
  return plan.request.kind === "billing-document-request";
}

/** A plan that this folder has made: nobody else looks into its request. Throws TypeError for another adapter's. */
export function sapPlan(plan: PlannedPosting): SapPlan {
  if (isSapPlan(plan)) return plan;
  throw new TypeError("the plan was made by another adapter");
}

const KINDS: ReadonlySet<unknown> = new Set([
  "journal-entry",
  "billing-document-request",
  "business-partner",
  "existing-customer",
]);

function isSapPlan(plan: PlannedPosting): plan is SapPlan {
  const { request } = plan;
  return typeof request === "object" && request !== null && KINDS.has(Reflect.get(request, "kind"));
}
