import { isNumberText, plainText, scaled, type NumberText } from "../exact-numbers.ts";
import { findEntry, type Account, type ListEntry, type Period } from "./account.ts";
import { textOf } from "./draft.ts";
import type { FieldKind, RecordDefinition } from "./record-definitions.ts";
import { openAmount, referenceId, type Fields, type RecordStore, type StoredRecord } from "./record-store.ts";

/** How records are read: references with their names, amounts as numbers, sublists as links unless they are expanded. */

export interface ViewContext {
  readonly baseUrl: string;
  readonly account: Account;
  readonly store: RecordStore;
  readonly expandsSublists: boolean;
}

export type RecordStatus = { readonly id: string; readonly refName: string };

export function statusOf(record: StoredRecord, store: RecordStore): RecordStatus {
  const status = (name: string): RecordStatus => ({ id: name, refName: name });
  if (record.isVoid) return status("Voided");
  if (record.type === "invoice") return status(openAmount(store, record) === 0n ? "Paid In Full" : "Open");
  if (record.type === "creditMemo")
    return status(openAmount(store, record) === 0n ? "Fully Applied" : "Open");
  if (record.type === "journalEntry")
    return status(record.fields["approved"] === false ? "Pending Approval" : "Approved for Posting");
  return status("Deposited");
}

/** As a double is written: at least one digit behind the point. */
function doubleNumber(value: bigint): NumberText {
  const text = plainText(value);
  return { $number: text.includes(".") ? text : `${text}.0` };
}

export function viewRecord(record: StoredRecord, definition: RecordDefinition, context: ViewContext): object {
  const url = `${context.baseUrl}/record/v1/${definition.type}/${record.id}`;
  const view: Record<string, unknown> = {
    links: [{ rel: "self", href: url }],
    id: record.id,
    ...(record.externalId === null ? {} : { externalId: record.externalId }),
    [definition.transaction === null ? "dateCreated" : "createdDate"]: utcSeconds(record.createdMs),
    lastModifiedDate: utcSeconds(record.modifiedMs),
    ...viewFields(record.fields, definition.fields, context),
  };
  if (definition.transaction !== null) Object.assign(view, viewAmounts(record, context.store));
  for (const [name, { fields }] of Object.entries(definition.sublists)) {
    const links = [{ rel: "self", href: `${url}/${name}` }];
    const lines = record.sublists[name] ?? [];
    view[name] = context.expandsSublists
      ? {
          links,
          items: lines.map((line) => ({ links: [], ...viewFields(line, fields, context) })),
          totalResults: count(lines.length),
        }
      : { links };
  }
  return view;
}

function viewAmounts(record: StoredRecord, store: RecordStore): object {
  const { totals } = record;
  const amounts = {
    status: statusOf(record, store),
    ...(record.isVoid ? { void: true } : {}),
    ...(record.reversalOf === null ? {} : { isReversal: true, reversalEntry: { id: record.reversalOf } }),
    ...(record.reversedBy === null ? {} : { reversalEntry: { id: record.reversedBy } }),
  };
  if (record.type === "journalEntry") return amounts;
  const total = scaled(totals.total);
  const open = openAmount(store, record);
  const sales = {
    ...amounts,
    subtotal: doubleNumber(scaled(totals.subtotal)),
    taxTotal: doubleNumber(scaled(totals.taxTotal)),
    total: doubleNumber(total),
  };
  return record.type === "invoice"
    ? { ...sales, amountPaid: doubleNumber(total - open), amountRemaining: doubleNumber(open) }
    : { ...sales, applied: doubleNumber(total - open), unapplied: doubleNumber(open) };
}

function viewFields(
  fields: Fields,
  kinds: Readonly<Record<string, FieldKind>>,
  context: ViewContext,
): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const kind = kinds[name];
      const id = referenceId(value);
      if (kind?.kind === "reference" && id !== undefined) return [name, viewReference(id, kind.to, context)];
      if (kind?.kind === "subrecord" && typeof value === "object" && !isNumberText(value))
        return [name, { links: [], ...value }];
      if (kind?.kind === "integer" || !isNumberText(value)) return [name, value];
      return [name, doubleNumber(scaled(value.$number))];
    }),
  );
}

function viewReference(id: string, types: readonly string[], context: ViewContext): object {
  const { account, baseUrl } = context;
  const period = types[0] === "accountingPeriod" ? account.periods.find((each) => each.id === id) : undefined;
  const entry = findEntry(account, types, id);
  const type = entry?.type ?? types[0] ?? "";
  return {
    links: [{ rel: "self", href: `${baseUrl}/record/v1/${type}/${id}` }],
    id,
    refName: entry?.name ?? period?.name ?? nameOfRecord(id, types, context.store),
  };
}

export function nameOfRecord(id: string, types: readonly string[], store: RecordStore): string {
  const record = types.map((type) => store.find(type, id)).find((each) => each !== undefined);
  if (record === undefined) return id;
  return (
    textOf(record.fields["companyName"]) ??
    textOf(record.fields["entityId"]) ??
    textOf(record.fields["tranId"]) ??
    id
  );
}

export function viewListEntry(entry: ListEntry, baseUrl: string): object {
  return {
    links: [{ rel: "self", href: `${baseUrl}/record/v1/${entry.type}/${entry.id}` }],
    id: entry.id,
    name: entry.name,
    isInactive: entry.isInactive,
    ...entry.values,
  };
}

export function viewPeriod(period: Period, baseUrl: string): object {
  return {
    links: [{ rel: "self", href: `${baseUrl}/record/v1/accountingPeriod/${period.id}` }],
    id: period.id,
    periodName: period.name,
    startDate: period.startDate,
    endDate: period.endDate,
    closed: period.isClosed,
  };
}

/** Whole counts are numbers too; they stand apart so that no double is made of them. */
export function count(value: number): NumberText {
  return { $number: String(value) };
}

function utcSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
