import type { PostingCommand } from "../../../model/posting.ts";
import type { ExactJson } from "../../http/exact-json.ts";
import type { PlannedPosting } from "../erp-sink.ts";

/** How an account takes taxes: as tax details of SuiteTax, or (without it, REST knows no taxes) as lines of an item. */
export const TAX_MODES = ["suitetax", "lines"] as const;
export type TaxMode = (typeof TAX_MODES)[number];

/** Parts of a customer's master data. */
export const CUSTOMER_PARTS = ["name", "email", "address", "terms", "tax_id"] as const;
export type CustomerPart = (typeof CUSTOMER_PARTS)[number];

/** What a connection says about the documents that it makes. */
export interface PlanSettings {
  readonly taxes: TaxMode;
  /** Whether documents carry our number; otherwise NetSuite gives its own. */
  readonly ownNumbers: boolean;
  /** Custom fields of lines (custcol_…) that get what NetSuite's own fields can't hold without changing an amount. */
  readonly lineFields: {
    readonly quantity?: string;
    readonly meter?: string;
    readonly periodStart?: string;
    readonly periodEnd?: string;
  };
  /** Parts of a customer that are NetSuite's own once it is there: they are sent when it is made, and never again. */
  readonly netsuiteOwns: readonly CustomerPart[];
  /** Field of a customer that gets the tax number: vatRegNumber, or a custom field (custentity_…). */
  readonly taxIdField?: string;
}

export type RecordType = "customer" | "invoice" | "creditMemo" | "journalEntry";

export type JsonObject = { readonly [name: string]: ExactJson | undefined };

/** Creates the record, or makes an existing one the same. */
export interface UpsertRequest {
  readonly kind: "upsert";
  readonly recordType: RecordType;
  /** Sublists that are replaced where the record exists: lines without a key of their own would be appended. */
  readonly replace: readonly string[];
  readonly body: JsonObject;
  /** Fields of the body that are sent for a new record only. */
  readonly onlyNew: readonly string[];
  /** Document number that NetSuite will show; null where it gives its own. */
  readonly number: string | null;
  /** The invoice that a memo is applied to. */
  readonly applyTo: { readonly externalId: string; readonly mustExist: boolean } | null;
}

/** The mapping names a customer that NetSuite owns: it is looked at and never changed. */
export interface ExistingCustomerRequest {
  readonly kind: "existing-customer";
  readonly id: string;
}

export type NetsuiteRequest = UpsertRequest | ExistingCustomerRequest;

export interface NetsuitePlan extends PlannedPosting {
  readonly request: NetsuiteRequest;
}

/** Makes plans of commands. */
export interface PlanContext {
  readonly prefix: string;
  readonly settings: PlanSettings;
}

export const RECORD_TYPES: Readonly<Record<PostingCommand["kind"], RecordType>> = {
  customer: "customer",
  invoice: "invoice",
  "credit-memo": "creditMemo",
  journal: "journalEntry",
};

/** A plan that this folder has made: nobody else looks into its request. Throws TypeError for another adapter's. */
export function netsuitePlan(plan: PlannedPosting): NetsuitePlan {
  if (isNetsuitePlan(plan)) return plan;
  throw new TypeError("the plan was made by another adapter");
}

function isNetsuitePlan(plan: PlannedPosting): plan is NetsuitePlan {
  const { request } = plan;
  const kind: unknown =
    typeof request === "object" && request !== null ? Reflect.get(request, "kind") : undefined;
  return kind === "upsert" || kind === "existing-customer";
}
