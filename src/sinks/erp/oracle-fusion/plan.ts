import type { ExactJson } from "../../http/exact-json.ts";
import type { PlannedPosting } from "../erp-sink.ts";
import type { InterfaceRow } from "./interface-file.ts";
import type { InterfaceRows } from "./ra-interface.ts";

/** What a connection says about the documents that it makes. */
export interface PlanSettings {
  /** Names of the transaction source and types, unless the legal entity's row has its own. */
  readonly transactionSource: string;
  readonly invoiceType: string;
  readonly creditMemoType: string;
  /** Whether transactions have our numbers; otherwise a hash of the key, with our number in the comments. */
  readonly ownNumbers: boolean;
  /** Whether a memo is applied to its invoice; otherwise it stays on the customer's account. */
  readonly appliesCreditMemos: boolean;
  /** Source and category of journals, as the ledger's set-up names them. */
  readonly journalSource: string;
  readonly journalCategory: string;
  /** Whether invoices and memos are imported by AutoInvoice, many at once; otherwise each is made by a request of its own. */
  readonly importsInvoices: boolean;
  /** Context of the line transactions flexfield in which imported lines have their segments. */
  readonly interfaceContext: string;
  /** Conversion type of imported documents that are not in their ledger's currency. */
  readonly conversionType: string;
  /** What stands between an account's segments. */
  readonly segmentDelimiter: string;
  /** Whether name and address of a customer that is there are left alone. */
  readonly oracleOwnsCustomers: boolean;
  /** Country of customers that have none. */
  readonly defaultCountry?: string;
}

export type JsonObject = { readonly [name: string]: ExactJson | undefined };

/** Address lines as the resource `accounts` takes them. */
export interface PartyAddress {
  readonly AddressLine1: string;
  readonly City?: string;
  readonly State?: string;
  readonly PostalCode?: string;
  readonly Country: string;
}

/** A party with an account, a bill-to site and a profile. */
export interface CustomerRequest {
  readonly kind: "customer";
  readonly organizationName: string;
  readonly accountName: string;
  readonly address: PartyAddress;
  readonly setId: string;
  readonly keepsData: boolean;
}

/** The mapping names an account that Oracle owns: it is looked at and never changed. */
export interface ExistingCustomerRequest {
  readonly kind: "existing-customer";
  readonly accountNumber: string;
}

/** How the customer of a transaction is found: by account number, or by the external id that its account was made with. */
export type BillTo =
  { readonly accountNumber: string; readonly site: string | undefined } | { readonly externalId: string };

export type SentTransaction =
  | { readonly by: "request"; readonly body: JsonObject }
  /** `key`: first segment of all its lines. */
  | { readonly by: "import"; readonly key: string; readonly rows: InterfaceRows };

export interface TransactionRequest {
  readonly kind: "transaction";
  readonly businessUnit: string;
  /** Ledger of the business unit, where the mapping says it. */
  readonly ledgerId: string | undefined;
  readonly number: string;
  readonly source: string;
  readonly billTo: BillTo;
  /** What is sent, all but the customer, who is known when that is done. */
  readonly sent: SentTransaction;
  /** The invoice that a memo is applied to. */
  readonly applyTo: {
    readonly number: string;
    readonly externalId: string;
    readonly source: string;
    readonly isImported: boolean;
    readonly mustExist: boolean;
  } | null;
}

export interface JournalRequest {
  readonly kind: "journal";
  readonly ledgerId: string;
  readonly dataAccessSetId: string | undefined;
  readonly groupId: string;
  readonly source: string;
  /** Full key with the prefix, which the batch's description begins with. */
  readonly fullKey: string;
  /** Rows of GlInterface.csv, by their positions from 0. */
  readonly rows: readonly InterfaceRow[];
}

export type OracleRequest = CustomerRequest | ExistingCustomerRequest | TransactionRequest | JournalRequest;

export interface OraclePlan<Request extends OracleRequest = OracleRequest> extends PlannedPosting {
  readonly request: Request;
}

export type TransactionPlan = OraclePlan<TransactionRequest>;
export type JournalPlan = OraclePlan<JournalRequest>;
export type CustomerPlan = OraclePlan<CustomerRequest | ExistingCustomerRequest>;

export interface PlanContext {
  readonly prefix: string;
  readonly settings: PlanSettings;
}

const KINDS: ReadonlySet<unknown> = new Set(["customer", "existing-customer", "transaction", "journal"]);

/** A plan that this folder has made: nobody else looks into its request. Throws TypeError for another adapter's. */
export function oraclePlan(plan: PlannedPosting): OraclePlan {
  if (isOraclePlan(plan)) return plan;
  throw new TypeError("the plan was made by another adapter");
}

function isOraclePlan(plan: PlannedPosting): plan is OraclePlan {
  const { request } = plan;
  return (
    typeof request === "object" && request !== null && KINDS.has(Reflect.get(request, "kind") as unknown)
  );
}

export function isTransactionPlan(plan: OraclePlan): plan is TransactionPlan {
  return plan.request.kind === "transaction";
}

/** Whether it goes by an import: then its reference stands in the transaction's notes. */
export function isImported({ request }: TransactionPlan): boolean {
  return request.sent.by === "import";
}

export function isJournalPlan(plan: OraclePlan): plan is JournalPlan {
  return plan.request.kind === "journal";
}

export function isCustomerPlan(plan: OraclePlan): plan is CustomerPlan {
  return plan.request.kind === "customer" || plan.request.kind === "existing-customer";
}
