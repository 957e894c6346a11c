import { completeCustomer } from "./customer-rules.ts";
import { refuseOverApplied, settleApplications } from "./application-rules.ts";
import { checkBody, type CheckedBody, type NameValidation } from "./body-check.ts";
import { draftOf, numberOf, textOf, type Draft } from "./draft.ts";
import { invalidContent, invalidReference, mustEnter, userError } from "./errors.ts";
import { completeJournal, reversedLines } from "./journal-rules.ts";
import type { RecordDefinition } from "./record-definitions.ts";
import type { Application, StoredRecord } from "./record-store.ts";
import { resolveReferences } from "./references.ts";
import { completeSale, type Totals } from "./sales-rules.ts";
import {
  amountOf,
  currencyOf,
  periodOf,
  settleCustomer,
  settleNumber,
  settlePeriod,
  type Books,
} from "./transaction-rules.ts";

/** Which record a write is for: a new one, one by id, or one by external id (made where there is none). */
export type WriteTarget =
  | { readonly kind: "new" }
  | { readonly kind: "id"; readonly record: StoredRecord }
  | { readonly kind: "external"; readonly externalId: string };

export interface WriteOptions {
  readonly names: NameValidation;
  readonly replaced: ReadonlySet<string>;
}

const NO_TOTALS: Totals = { subtotal: "0", taxTotal: "0", total: "0" };

/** Writes records by the ERP's rules: everything is checked before anything is kept. */
export class RecordWriter {
  readonly #books: Books;
  readonly #nowMs: () => number;

  constructor(books: Books, nowMs: () => number) {
    this.#books = books;
    this.#nowMs = nowMs;
  }

  /** The record as written. Throws NetSuiteError; nothing is written then. */
  write(
    definition: RecordDefinition,
    target: WriteTarget,
    body: unknown,
    options: WriteOptions,
  ): StoredRecord {
    const { account, store } = this.#books;
    const checked = resolveReferences(
      checkBody(body, definition, account.customFields, options.names),
      definition,
      account,
      store,
    );
    const externalId = externalIdOf(checked, target);
    const before = this.#recordBefore(definition, target, externalId);
    if (before?.isVoid === true) throw userError("You can not change a voided transaction.");
    const draft = draftOf(before?.id ?? store.takeId(), before, checked, definition, options.replaced);
    delete draft.fields["externalId"];
    const { totals, applications } = this.#complete(draft, before, definition);
    const nowMs = this.#nowMs();
    const record: StoredRecord = {
      type: definition.type,
      id: draft.id,
      externalId: externalId ?? before?.externalId ?? null,
      fields: draft.fields,
      sublists: draft.sublists,
      totals,
      applications,
      createdMs: before?.createdMs ?? nowMs,
      modifiedMs: nowMs,
      commits: (before?.commits ?? 0) + 1,
      isVoid: false,
      reversalOf: null,
      reversedBy: before?.reversedBy ?? null,
    };
    this.#keep(record, definition);
    return record;
  }

  /** Voids a transaction, as an accountant does: nothing is left of its amounts, and of what it applied. */
  void(record: StoredRecord): StoredRecord {
    if (record.type === "invoice" && this.#books.store.appliedTo(record.id) > 0n)
      throw userError("You can not void a transaction that others are applied to.");
    const voided: StoredRecord = {
      ...record,
      isVoid: true,
      totals: NO_TOTALS,
      applications: [],
      modifiedMs: this.#nowMs(),
    };
    this.#books.store.put(voided);
    return voided;
  }

  #recordBefore(
    definition: RecordDefinition,
    target: WriteTarget,
    externalId: string | undefined,
  ): StoredRecord | undefined {
    const other =
      externalId === undefined ? undefined : this.#books.store.findExternal(definition.type, externalId);
    if (target.kind === "external") return other;
    const before = target.kind === "id" ? target.record : undefined;
    if (other !== undefined && other.id !== before?.id)
      throw userError(
        definition.type === "customer" ? "This entity already exists." : "This record already exists",
        "externalId",
      );
    return before;
  }

  #complete(
    draft: Draft,
    before: StoredRecord | undefined,
    definition: RecordDefinition,
  ): { readonly totals: Totals; readonly applications: readonly Application[] } {
    const books = this.#books;
    switch (definition.type) {
      case "customer":
        completeCustomer(draft, before, books);
        return { totals: NO_TOTALS, applications: [] };
      case "journalEntry": {
        if (before !== undefined && before.reversalOf !== null)
          throw userError("A reversing journal entry can not be changed.");
        const totals = completeJournal(draft, before, definition, books);
        settleNumber(draft, before, definition, books);
        return { totals, applications: [] };
      }
      case "customerPayment": {
        settleCustomer(draft, "customer", books);
        settlePeriod(draft, before, books);
        const payment = amountOf(draft.fields, "payment", "payment", currencyOf(draft.fields), books.account);
        if (payment === undefined || payment <= 0n) throw mustEnter("Payment Amount", "payment");
        const total = numberOf(draft.fields["payment"]) ?? "0";
        const applications = settleApplications(draft, total, "customer", books);
        settleNumber(draft, before, definition, books);
        return { totals: { subtotal: total, taxTotal: "0", total }, applications };
      }
      default: {
        const totals = completeSale(draft, before, definition, books);
        if (definition.type === "invoice") refuseOverApplied(draft, totals.total, books);
        const applications =
          definition.type === "creditMemo" ? settleApplications(draft, totals.total, "entity", books) : [];
        settleNumber(draft, before, definition, books);
        return { totals, applications };
      }
    }
  }

  /** A journal with a reversal date comes with the entry that reverses it on that day. */
  #keep(record: StoredRecord, definition: RecordDefinition): void {
    const { store } = this.#books;
    const date = textOf(record.fields["reversalDate"]);
    if (definition.type !== "journalEntry" || date === undefined) {
      store.put(record);
      return;
    }
    const before = record.reversedBy === null ? undefined : store.find(record.type, record.reversedBy);
    const { reversalDate: _date, reversalDefer: _defer, ...fields } = record.fields;
    const reversal: StoredRecord = {
      ...record,
      id: before?.id ?? store.takeId(),
      externalId: null,
      fields: {
        ...fields,
        tranDate: date,
        tranId: `${textOf(record.fields["tranId"]) ?? ""}R`,
        postingPeriod: {
          id: periodOf(this.#books.account, date)?.id ?? "",
        },
      },
      sublists: { line: reversedLines(record.sublists["line"] ?? []) },
      createdMs: before?.createdMs ?? record.createdMs,
      commits: (before?.commits ?? 0) + 1,
      reversalOf: record.id,
      reversedBy: null,
    };
    store.put({ ...record, reversedBy: reversal.id });
    store.put(reversal);
  }
}

function externalIdOf(body: CheckedBody, target: WriteTarget): string | undefined {
  const given = textOf(body.fields["externalId"]);
  if (given === "") throw invalidContent("The externalId must not be empty.", "externalId");
  if (target.kind !== "external") return given;
  if (given !== undefined && given !== target.externalId)
    throw invalidReference(given, "externalId", "externalId");
  return target.externalId;
}
