import { plainText, scaled } from "../exact-numbers.ts";
import type { StoredBillingDocument } from "./billing-requests.ts";
import type { Billing } from "./billing.ts";
import type { ControlCommand } from "./control-commands.ts";
import type { Documents, StoredItem } from "./documents.ts";
import type { Partners } from "./partners.ts";
import type { System } from "./system.ts";

/** Commands about billing document requests and what comes of them. */

const COMMANDS = [
  "run-billing",
  "pause-billing",
  "resume-billing",
  "reject-request",
  "cancel-billing-document",
  "edit-billing-document",
  "bill-with-reference",
  "delete-material",
  "drop-sales-areas",
] as const;
type BillingCommand = Extract<ControlCommand, { readonly do: (typeof COMMANDS)[number] }>;

export interface BillingParts {
  readonly billing: Billing;
  readonly system: System;
  readonly documents: Documents;
  readonly partners: Partners;
  readonly today: () => string;
}

export function isBillingCommand(command: ControlCommand): command is BillingCommand {
  return COMMANDS.some((name) => name === command.do);
}

/** Does a command. Throws RangeError for what it names and does not exist. */
export function performBillingCommand(command: BillingCommand, parts: BillingParts): object {
  const { billing, system, partners } = parts;
  billing.settle();
  switch (command.do) {
    case "run-billing":
      billing.runJobs();
      break;
    case "pause-billing":
    case "resume-billing":
      billing.isPaused = command.do === "pause-billing";
      break;
    case "reject-request": {
      const request = billing.request(command.reference);
      if (request === undefined) throw new RangeError(`no request ${command.reference}`);
      billing.reject(request.number);
      break;
    }
    case "cancel-billing-document":
      cancel(documentOf(command.number, billing), parts);
      break;
    case "edit-billing-document": {
      const document = documentOf(command.number, billing);
      billing.stores.documents.save({
        ...document,
        items: document.items.map((item, index) => (index === 0 ? { ...item, net: command.amount } : item)),
      });
      break;
    }
    case "bill-with-reference":
      system.billingReference = command.reference;
      break;
    case "delete-material": {
      const material = system.materials.find(({ id }) => id === command.material);
      if (material === undefined) throw new RangeError(`no material ${command.material}`);
      material.isMarkedForDeletion = true;
      break;
    }
    case "drop-sales-areas":
      partners.dropSalesAreas(command.partner);
      break;
  }
  return {};
}

function documentOf(number: string, { stores }: Billing): StoredBillingDocument {
  const document = stores.documents.find(number);
  if (document === undefined) throw new RangeError(`no billing document ${number}`);
  return document;
}

/** The cancelling document has the reference of the one that it cancels, and so has its journal entry. */
function cancel(document: StoredBillingDocument, { billing, documents, today }: BillingParts): void {
  const { stores } = billing;
  stores.documents.save({ ...document, isCancelled: true });
  stores.documents.save({
    ...document,
    number: String(Number(document.number) + CANCELLATIONS).padStart(10, "0"),
    type: "S1",
    cancels: document.number,
    createdOn: today(),
  });
  const { companyCode, fiscalYear, accountingDocument } = document;
  const entry = documents.find(companyCode, fiscalYear, accountingDocument);
  if (entry !== undefined) {
    const negated = (item: StoredItem): StoredItem => ({ ...item, amount: plainText(-scaled(item.amount)) });
    documents.save({ ...entry, isReversed: true });
    documents.post({ ...entry, isReversal: true, items: entry.items.map(negated) });
  }
  for (const number of new Set(document.items.map(({ request }) => request))) {
    const request = stores.requests.find(number);
    if (request !== undefined) stores.requests.save({ ...request, status: "A" });
  }
}
const CANCELLATIONS = 500_000;
