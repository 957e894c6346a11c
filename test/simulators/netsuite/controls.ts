import { type CommonControls, isCommonCommand, performCommonCommand } from "../common/control-commands.ts";
import type { Account } from "./account.ts";
import type { ControlCommand, FaultRule } from "./control-commands.ts";
import { definitionOf } from "./record-definitions.ts";
import { openAmount, type RecordStore, type StoredRecord } from "./record-store.ts";
import type { RecordWriter } from "./record-writer.ts";
import type { RequestPool } from "./request-pool.ts";
import { plainText } from "../exact-numbers.ts";

/** What commands change while the simulator runs. */
export interface Switches {
  latencyMs: number;
  asyncDelayMs: number;
  skewMs: number;
  readonly revoked: Set<string>;
}

export interface ControlledParts extends CommonControls<FaultRule> {
  readonly account: Account;
  readonly store: RecordStore;
  readonly writer: RecordWriter;
  readonly switches: Switches;
  readonly pool: RequestPool;
  runJobs(): void;
  setRefusing(isRefusing: boolean): void;
}

/** Does a command. Throws RangeError for what it names and does not exist, and the ERP's errors. */
export function performControl(command: ControlCommand, parts: ControlledParts): object {
  const { account, switches, writer, store } = parts;
  if (isCommonCommand(command)) return performCommonCommand(command, parts);
  switch (command.do) {
    case "hold":
      parts.pool.hold();
      break;
    case "release":
      parts.pool.release();
      break;
    case "close-period":
    case "open-period": {
      const period = account.periods.find(({ id, name }) => id === command.period || name === command.period);
      if (period === undefined) throw new RangeError(`no period ${command.period}`);
      period.isClosed = command.do === "close-period";
      break;
    }
    case "deactivate":
    case "activate": {
      const entry = account.lists.find(({ type, id }) => type === command.type && id === command.id);
      if (entry === undefined) throw new RangeError(`no ${command.type} ${command.id}`);
      entry.isInactive = command.do === "deactivate";
      break;
    }
    case "revoke-permission":
      switches.revoked.add(command.permission);
      break;
    case "grant-permission":
      switches.revoked.delete(command.permission);
      break;
    case "skew-clock":
      switches.skewMs = command.ms;
      break;
    case "refuse-logins":
    case "accept-logins":
      parts.setRefusing(command.do === "refuse-logins");
      break;
    case "run-jobs":
      parts.runJobs();
      break;
    case "occupy":
      parts.pool.occupied = command.places;
      break;
    case "set-async-delay":
      switches.asyncDelayMs = command.ms;
      break;
    case "pay":
      pay(command.invoice, command.amount, store, writer);
      break;
    case "void":
      writer.void(recordOf(command.type, command.record, store));
      break;
    case "edit-amount":
      editAmount(recordOf(command.type, command.record, store), command.amount, writer);
      break;
  }
  return {};
}

function recordOf(type: string, name: string, store: RecordStore): StoredRecord {
  const record = store.findExternal(type, name) ?? store.find(type, name);
  if (record === undefined) throw new RangeError(`no ${type} ${name}`);
  return record;
}

function pay(name: string, amount: string | undefined, store: RecordStore, writer: RecordWriter): void {
  const invoice = recordOf("invoice", name, store);
  const paid = { $number: amount ?? plainText(openAmount(store, invoice)) };
  writeAs("customerPayment", undefined, writer, {
    customer: invoice.fields["entity"],
    currency: invoice.fields["currency"],
    payment: paid,
    apply: { items: [{ doc: { id: invoice.id }, apply: true, amount: paid }] },
  });
}

/** Of a journal both sides of the first two lines are changed, so that it still balances. */
function editAmount(record: StoredRecord, amount: string, writer: RecordWriter): void {
  const isJournal = record.type === "journalEntry";
  const lines = (record.sublists[isJournal ? "line" : "item"] ?? []).slice(0, isJournal ? 2 : 1);
  writeAs(record.type, record, writer, {
    [isJournal ? "line" : "item"]: {
      items: lines.map(({ line, debit }) => ({
        line,
        [isJournal ? (debit === undefined ? "credit" : "debit") : "amount"]: { $number: amount },
      })),
    },
  });
}

function writeAs(
  type: string,
  record: StoredRecord | undefined,
  writer: RecordWriter,
  body: Readonly<Record<string, unknown>>,
): void {
  const definition = definitionOf(type);
  if (definition === undefined) throw new RangeError(`no record type ${type}`);
  writer.write(definition, record === undefined ? { kind: "new" } : { kind: "id", record }, body, {
    names: "Error",
    replaced: new Set(),
  });
}
