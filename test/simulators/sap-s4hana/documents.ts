import { z } from "zod";
import { plainText, scaled } from "../exact-numbers.ts";
import type { StateFile } from "../common/state-file.ts";

/** Documents of accounting, as they were posted. */

const ITEM = z.strictObject({
  number: z.string(),
  kind: z.enum(["customer", "tax", "ledger"]),
  account: z.string(),
  customer: z.string(),
  /** Signed decimal text: debits are positive. */
  amount: z.string(),
  taxCode: z.string(),
  text: z.string(),
  assignment: z.record(z.string(), z.string()),
  assignmentReference: z.string(),
  dueBaseDate: z.string(),
  netPaymentDays: z.string(),
  /** Number and year of the invoice that it belongs to. */
  invoice: z.string(),
  invoiceYear: z.string(),
  clearedBy: z.string(),
});
export type StoredItem = z.infer<typeof ITEM>;

const DOCUMENT = z.strictObject({
  companyCode: z.string(),
  fiscalYear: z.string(),
  number: z.string(),
  type: z.string(),
  reference: z.string(),
  headerText: z.string(),
  createdBy: z.string(),
  currency: z.string(),
  documentDate: z.string(),
  postingDate: z.string(),
  createdOn: z.string(),
  isReversal: z.boolean(),
  isReversed: z.boolean(),
  items: z.array(ITEM),
});
export type StoredDocument = z.infer<typeof DOCUMENT>;

/** First numbers of documents, by type. */
const RANGES: Readonly<Record<string, string>> = {
  DR: "1800000000",
  DG: "1600000000",
  DZ: "1400000000",
  SA: "0100000000",
  AB: "0200000000",
  RV: "9400000000",
};

export class Documents {
  readonly #documents = new Map<string, StoredDocument>();
  readonly #stateFile: StateFile | undefined;

  constructor(stateFile: StateFile | undefined) {
    this.#stateFile = stateFile;
    for (const line of stateFile?.read("document") ?? []) {
      const document = DOCUMENT.parse(JSON.parse(line));
      this.#documents.set(keyOf(document), document);
    }
  }

  /** Gives the document its number and keeps it. */
  post(document: Omit<StoredDocument, "number">): StoredDocument {
    const { companyCode, fiscalYear, type } = document;
    const first = BigInt(RANGES[type] ?? "0900000000");
    const taken = this.all().filter(
      (other) => other.companyCode === companyCode && other.fiscalYear === fiscalYear && other.type === type,
    ).length;
    const posted = { ...document, number: String(first + BigInt(taken)).padStart(10, "0") };
    this.save(posted);
    return posted;
  }

  save(document: StoredDocument): void {
    this.#documents.set(keyOf(document), document);
    this.#stateFile?.append("document", document);
  }

  all(): readonly StoredDocument[] {
    return [...this.#documents.values()];
  }

  find(companyCode: string, fiscalYear: string, number: string): StoredDocument | undefined {
    return this.#documents.get(keyOf({ companyCode, fiscalYear, number }));
  }

  byReference(reference: string): readonly StoredDocument[] {
    return this.all().filter((document) => document.reference === reference && !document.isReversal);
  }

  /** Signed sum of open customers' items of an invoice and of what names it. */
  openOf(invoice: StoredDocument): string {
    const own = invoice.items.filter(({ kind, clearedBy }) => kind === "customer" && clearedBy === "");
    const sum = [...own, ...this.openItemsNaming(invoice).map(({ item }) => item)].reduce(
      (total, { amount }) => total + scaled(amount),
      0n,
    );
    return plainText(sum);
  }

  openItemsNaming({ companyCode, number, fiscalYear }: StoredDocument): readonly {
    readonly document: StoredDocument;
    readonly item: StoredItem;
  }[] {
    return this.all()
      .filter((document) => document.companyCode === companyCode && !document.isReversed)
      .flatMap((document) =>
        document.items
          .filter(
            (item) =>
              item.kind === "customer" &&
              item.invoice === number &&
              item.invoiceYear === fiscalYear &&
              item.clearedBy === "",
          )
          .map((item) => ({ document, item })),
      );
  }
}

function keyOf({
  companyCode,
  fiscalYear,
  number,
}: Pick<StoredDocument, "companyCode" | "fiscalYear" | "number">): string {
  return `${companyCode} ${fiscalYear} ${number}`;
}
