import { z } from "zod";
import type { StateFile } from "../common/state-file.ts";

/** Billing document requests and billing documents, as they are stored. */

const ITEM = z.strictObject({
  number: z.string(),
  material: z.string(),
  text: z.string(),
  category: z.string(),
  unit: z.string(),
  net: z.string(),
  tax: z.string(),
});
const HEADER = {
  number: z.string(),
  salesOrganization: z.string(),
  channel: z.string(),
  division: z.string(),
  companyCode: z.string(),
  soldTo: z.string(),
  billingDate: z.string(),
  currency: z.string(),
  paymentTerms: z.string(),
  customerReference: z.string(),
  createdOn: z.string(),
};

const REQUEST = z.strictObject({
  ...HEADER,
  type: z.string(),
  billingType: z.enum(["F2", "G2"]),
  reference: z.string(),
  logicalSystem: z.string(),
  /** A to be billed, C billed, D rejected. */
  status: z.enum(["A", "C", "D"]),
  /** C complete, A incomplete. */
  pricingStatus: z.enum(["A", "C"]),
  issue: z.string(),
  createdMs: z.number(),
  items: z.array(ITEM),
});
export type StoredRequest = z.infer<typeof REQUEST>;

const BILLING_DOCUMENT = z.strictObject({
  ...HEADER,
  type: z.string(),
  /** AccountingTransferStatus. */
  transferStatus: z.string(),
  fiscalYear: z.string(),
  accountingDocument: z.string(),
  isCancelled: z.boolean(),
  /** Number of the document that this one cancels; "" for none. */
  cancels: z.string(),
  items: z.array(ITEM.extend({ request: z.string(), requestItem: z.string() })),
});
export type StoredBillingDocument = z.infer<typeof BILLING_DOCUMENT>;

/** Numbered records that survive the process where there is a file. */
class Store<Value extends { readonly number: string }> {
  readonly #kind: string;
  readonly #stateFile: StateFile | undefined;
  readonly #values = new Map<string, Value>();

  constructor(kind: string, schema: z.ZodType<Value>, stateFile: StateFile | undefined) {
    this.#kind = kind;
    this.#stateFile = stateFile;
    for (const line of stateFile?.read(kind) ?? []) {
      const value = schema.parse(JSON.parse(line));
      this.#values.set(value.number, value);
    }
  }

  get size(): number {
    return this.#values.size;
  }

  all(): readonly Value[] {
    return [...this.#values.values()];
  }

  find(number: string): Value | undefined {
    return this.#values.get(number.padStart(NUMBER_DIGITS, "0"));
  }

  save(value: Value): void {
    this.#values.set(value.number, value);
    this.#stateFile?.append(this.#kind, value);
  }
}
const NUMBER_DIGITS = 10;

export interface BillingStores {
  readonly requests: Store<StoredRequest>;
  readonly documents: Store<StoredBillingDocument>;
}

export function billingStores(stateFile: StateFile | undefined): BillingStores {
  return {
    requests: new Store("billing-request", REQUEST, stateFile),
    documents: new Store("billing-document", BILLING_DOCUMENT, stateFile),
  };
}

/** The next number of a range that begins with `first`. */
export function nextNumber(first: bigint, taken: number): string {
  return String(first + BigInt(taken)).padStart(NUMBER_DIGITS, "0");
}
