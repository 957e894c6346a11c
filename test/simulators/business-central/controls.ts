import { type CommonControls, isCommonCommand, performCommonCommand } from "../common/control-commands.ts";
import { plainText, scaled } from "../exact-numbers.ts";
import type { EntraTokenEndpoint } from "../entra/token-endpoint.ts";
import type { ControlCommand, FaultRule } from "./control-commands.ts";
import type { Environment } from "./environment.ts";
import type { RequestGate } from "./request-gate.ts";
import type { SaleService } from "./sale-service.ts";
import { isDraft } from "./sale-service.ts";
import { type Store, type StoredRecord, textOf } from "./store.ts";

/** What commands change while the simulator runs. */
export interface Switches {
  latencyMs: number;
  readonly revoked: Set<string>;
}

export interface ControlledParts extends CommonControls<FaultRule> {
  readonly environment: Environment;
  readonly store: Store;
  readonly sales: SaleService;
  readonly switches: Switches;
  readonly gate: RequestGate;
  readonly login: EntraTokenEndpoint;
  readonly nowMs: () => number;
}

/** Does a command. Throws RangeError for what it names and does not exist, and the ERP's errors. */
export function performControl(command: ControlCommand, parts: ControlledParts): object {
  const { environment, switches, gate, login, sales, store } = parts;
  if (isCommonCommand(command)) return performCommonCommand(command, parts);
  switch (command.do) {
    case "close-month":
      for (const { closedMonths } of environment.companies) closedMonths.add(command.month);
      break;
    case "open-month":
      for (const { closedMonths } of environment.companies) closedMonths.delete(command.month);
      break;
    case "allow-posting":
      for (const company of environment.companies) {
        company.allowPostingFrom = command.from;
        company.allowPostingTo = command.to;
      }
      break;
    case "block":
    case "unblock":
      block(environment, command.what, command.number, command.do === "block");
      break;
    case "block-customer":
      changeRecord(parts, recordBy(parts, "customers", ["number"], command.number), {
        blocked: command.blocked,
      });
      break;
    case "revoke-permission":
      switches.revoked.add(command.permission);
      break;
    case "grant-permission":
      switches.revoked.delete(command.permission);
      break;
    case "refuse-secret":
    case "accept-secret":
      login.acceptSecret(command.do === "accept-secret");
      break;
    case "occupy":
      gate.occupy(command.places);
      break;
    case "pay": {
      const invoice = postedInvoice(parts, command.invoice);
      const open = scaled(textOf(invoice.values, "remainingAmount"));
      store.transaction(() =>
        sales.pay(invoice, command.amount === undefined ? open : scaled(command.amount)),
      );
      break;
    }
    case "cancel": {
      const invoice = postedInvoice(parts, command.invoice);
      store.transaction(() => sales.cancel(invoice));
      break;
    }
    case "edit-amount":
      editAmount(parts, command.document, command.amount);
      break;
  }
  return {};
}

const NAMES = ["externalDocumentNumber", "customerPurchaseOrderReference", "number"] as const;

function postedInvoice(parts: ControlledParts, name: string): StoredRecord {
  return recordBy(parts, "salesInvoices", NAMES, name, (record) => !isDraft(record));
}

function recordBy(
  { environment, store }: ControlledParts,
  set: StoredRecord["set"],
  fields: readonly string[],
  name: string,
  fits: (record: StoredRecord) => boolean = () => true,
): StoredRecord {
  for (const { id } of environment.companies)
    for (const record of store.all(set, id))
      if (fits(record) && fields.some((field) => record.values[field] === name)) return record;
  throw new RangeError(`no ${set} ${name}`);
}

function changeRecord(
  { store, nowMs }: ControlledParts,
  record: StoredRecord,
  values: StoredRecord["values"],
): void {
  store.transaction(() =>
    store.change(record, { modifiedMs: nowMs(), values: { ...record.values, ...values } }),
  );
}

function block(environment: Environment, what: string, number: string, isBlocked: boolean): void {
  let count = 0;
  for (const company of environment.companies) {
    const [code = "", value = ""] = number.split("=");
    const objects =
      what === "account"
        ? company.accounts.filter((account) => account.number === number)
        : what === "item"
          ? company.items.filter((item) => item.number === number)
          : (company.dimensions[code] ?? []).filter((each) => each.code === value);
    for (const object of objects) object.isBlocked = isBlocked;
    count += objects.length;
  }
  if (count === 0) throw new RangeError(`no ${what} ${number}`);
}

function editAmount(parts: ControlledParts, name: string, amount: string): void {
  const sets = ["salesInvoices", "salesCreditMemos"] as const;
  for (const set of sets) {
    let record: StoredRecord;
    try {
      record = recordBy(parts, set, NAMES, name, (each) => !isDraft(each));
    } catch {
      continue;
    }
    const first = record.lines.findIndex(({ values }) => values["lineType"] !== "Comment");
    const before = scaled(textOf(record.lines[first]?.values ?? {}, "netAmount") || "0");
    const change = scaled(amount) - before;
    const raised = (field: string): string => plainText(scaled(textOf(record.values, field)) + change);
    const lines = record.lines.map((line, index) =>
      index === first ? { ...line, values: { ...line.values, netAmount: amount } } : line,
    );
    parts.store.transaction(() =>
      parts.store.change(record, {
        modifiedMs: parts.nowMs(),
        lines,
        values: {
          ...record.values,
          totalAmountExcludingTax: raised("totalAmountExcludingTax"),
          totalAmountIncludingTax: raised("totalAmountIncludingTax"),
        },
      }),
    );
    return;
  }
  throw new RangeError(`no posted document ${name}`);
}
