import { type CommonControls, isCommonCommand, performCommonCommand } from "../common/control-commands.ts";
import { plainText, scaled } from "../exact-numbers.ts";
import type { Billing } from "./billing.ts";
import { isBillingCommand, performBillingCommand } from "./billing-controls.ts";
import type { ControlCommand, FaultRule } from "./control-commands.ts";
import type { Documents, StoredDocument, StoredItem } from "./documents.ts";
import type { Login } from "./login.ts";
import type { Partners } from "./partners.ts";
import type { Sessions } from "./sessions.ts";
import type { System } from "./system.ts";

/** What commands change while the simulator runs. */
export interface Switches {
  latencyMs: number;
  stormUntilMs: number;
  readonly revoked: Set<string>;
}

export interface ControlledParts extends CommonControls<FaultRule> {
  readonly system: System;
  readonly documents: Documents;
  readonly billing: Billing;
  readonly partners: Partners;
  readonly switches: Switches;
  readonly login: Login;
  readonly sessions: Sessions;
  readonly today: () => string;
}

/** Does a command. Throws RangeError for what it names and does not exist. */
export function performControl(command: ControlCommand, parts: ControlledParts): object {
  const { system, switches, login, sessions } = parts;
  if (isCommonCommand(command)) return performCommonCommand(command, parts);
  if (isBillingCommand(command)) return performBillingCommand(command, parts);
  switch (command.do) {
    case "close-period":
      system.closedMonths.add(command.month);
      break;
    case "open-period":
      system.closedMonths.delete(command.month);
      break;
    case "refuse-documents":
      system.refusedTexts.add(command.headerText);
      break;
    case "accept-documents":
      system.refusedTexts.clear();
      break;
    case "block-account":
    case "unblock-account": {
      const account = system.accounts.find(({ id }) => id === command.account);
      if (account === undefined) throw new RangeError(`no account ${command.account}`);
      account.isBlocked = command.do === "block-account";
      break;
    }
    case "refuse-credentials":
    case "accept-credentials":
      login.isRefusing = command.do === "refuse-credentials";
      break;
    case "revoke-service":
      switches.revoked.add(command.service);
      break;
    case "grant-service":
      switches.revoked.delete(command.service);
      break;
    case "end-sessions":
      sessions.endAll();
      break;
    case "pay":
      pay(command, parts);
      break;
    case "reverse":
      reverse(documentOf(command.reference, parts.documents), parts);
      break;
    case "edit-amount":
      editAmount(documentOf(command.reference, parts.documents), command.amount, parts.documents);
      break;
  }
  return {};
}

function documentOf(reference: string, documents: Documents): StoredDocument {
  const [document] = documents.byReference(reference);
  if (document === undefined) throw new RangeError(`no document ${reference}`);
  return document;
}

function pay(
  {
    reference,
    amount,
    residual = false,
  }: {
    readonly reference: string;
    readonly amount?: string | undefined;
    readonly residual?: boolean | undefined;
  },
  { documents, today }: ControlledParts,
): void {
  const invoice = documentOf(reference, documents);
  const owed = invoice.items.find(({ kind }) => kind === "customer");
  if (owed === undefined) throw new RangeError(`no customer owes ${reference}`);
  const open = documents.openOf(invoice);
  const paid = amount ?? open;
  const isWhole = scaled(paid) === scaled(open);
  const item = (number: string, changes: Partial<StoredItem>): StoredItem => ({
    ...owed,
    number,
    text: "",
    assignmentReference: "",
    dueBaseDate: "",
    netPaymentDays: "",
    invoice: "",
    invoiceYear: "",
    clearedBy: "",
    ...changes,
  });
  const named = { invoice: invoice.number, invoiceYear: invoice.fiscalYear };
  const payment = documents.post({
    ...invoice,
    type: "DZ",
    fiscalYear: today().slice(0, 4),
    reference: "BANK",
    headerText: "",
    documentDate: today(),
    postingDate: today(),
    createdOn: today(),
    isReversal: false,
    isReversed: false,
    items: [
      item("001", { kind: "ledger", account: "11001000", customer: "", amount: paid }),
      ...(isWhole || residual ? [] : [item("002", { amount: plainText(-scaled(paid)), ...named })]),
      ...(isWhole || !residual
        ? []
        : [item("002", { amount: plainText(scaled(open) - scaled(paid)), ...named })]),
    ],
  });
  if (!isWhole && !residual) return;
  const others = documents.openItemsNaming(invoice).filter(({ document }) => document !== payment);
  for (const document of new Set([invoice, ...others.map(({ document: other }) => other)])) {
    if (document.number === payment.number) continue;
    documents.save({
      ...document,
      items: document.items.map((each) =>
        each.kind === "customer" && each.clearedBy === "" ? { ...each, clearedBy: payment.number } : each,
      ),
    });
  }
}

/** The reversing document has the reference of the one that it takes back. */
function reverse(document: StoredDocument, { documents, today }: ControlledParts): void {
  const reversal = documents.post({
    ...document,
    type: "AB",
    fiscalYear: today().slice(0, 4),
    createdOn: today(),
    postingDate: today(),
    isReversal: true,
    items: document.items.map((item) => ({
      ...item,
      amount: plainText(-scaled(item.amount)),
      clearedBy: "",
    })),
  });
  documents.save({
    ...document,
    isReversed: true,
    items: document.items.map((item) =>
      item.kind === "customer" ? { ...item, clearedBy: reversal.number } : item,
    ),
  });
}

/** The first ledger item gets the amount; the customer's, or the next one, what balances it. */
function editAmount(document: StoredDocument, amount: string, documents: Documents): void {
  const edited = document.items.find(({ kind }) => kind === "ledger");
  const other = document.items.find((item) => item !== edited && item.kind !== "tax");
  if (edited === undefined || other === undefined) throw new RangeError("the document has no two items");
  const difference = scaled(amount) - scaled(edited.amount);
  documents.save({
    ...document,
    items: document.items.map((item) =>
      item === edited
        ? { ...item, amount }
        : item === other
          ? { ...item, amount: plainText(scaled(item.amount) - difference) }
          : item,
    ),
  });
}
