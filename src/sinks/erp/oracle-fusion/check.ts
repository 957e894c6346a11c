import type { MappedReferences, PostingKind } from "../../../model/posting.ts";
import { askAll, outcomeOf } from "../common/connection-check.ts";
import { type ConnectionFinding, ErpFault } from "../erp-sink.ts";
import { missingReferences } from "./check-references.ts";
import { INTERFACE_LINES } from "./interface-lines.ts";
import { JOURNAL_BATCHES } from "./journal-batches.ts";
import { PARTIES, readPage } from "./resources.ts";
import { JOURNAL_IMPORTS, requireNoRunningImports } from "./running-imports.ts";
import type { OracleTools } from "./tools.ts";
import { TRANSACTION_RESOURCES } from "./transaction-records.ts";

/** What each kind is read by, and the privilege that its user needs for it. */
const RESOURCES: Readonly<Record<PostingKind, { readonly path: string; readonly privilege: string }>> = {
  customer: { path: `${PARTIES}/accounts`, privilege: "View and Manage Trading Community Organization" },
  invoice: { path: TRANSACTION_RESOURCES.invoice.path, privilege: "Manage Receivables Transactions" },
  "credit-memo": {
    path: TRANSACTION_RESOURCES["credit-memo"].path,
    privilege: "Manage Receivables Transactions",
  },
  journal: { path: JOURNAL_BATCHES, privilege: "Manage Journals" },
};

export interface CheckOptions {
  readonly kinds: readonly PostingKind[];
  readonly references: MappedReferences;
  /** Whether invoices and memos are imported. */
  readonly importsInvoices: boolean;
}

/**
 * What is wrong with a connection: credentials, privileges, rows of the mapping. Only reads, so that a user who may read but not write is not found
 * out. Rejects where Oracle is too busy to tell.
 */
export async function check(
  tools: OracleTools,
  { kinds, references, importsInvoices }: CheckOptions,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  const isImporting = importsInvoices && kinds.some((kind) => kind === "invoice" || kind === "credit-memo");
  return await askAll({
    parts: kinds,
    ask: (kind) => {
      const { path } = RESOURCES[kind];
      return readPage(
        tools.client,
        { operation: "check", path, parameters: { fields: "LastUpdateDate" }, signal },
        0,
      );
    },
    further: [
      () => (isImporting || kinds.includes("journal") ? schedulerFindings(tools, signal) : NO_FINDINGS),
      () => (isImporting ? interfaceFindings(tools, signal) : NO_FINDINGS),
      () => missingReferences(tools, references, signal),
    ],
    findingOf: (fault, kind) =>
      kind === undefined
        ? findingOf(fault, "lists of values", "its list")
        : findingOf(fault, `documents of the kind ${kind}`, RESOURCES[kind].privilege),
  });
}

const NO_FINDINGS: Promise<readonly ConnectionFinding[]> = Promise.resolve([]);

/** Whether the table can be read in which lines are that an import has rejected. */
async function interfaceFindings(
  { client }: OracleTools,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  const fault = await outcomeOf(() =>
    readPage(
      client,
      { operation: "check", path: INTERFACE_LINES, parameters: { fields: "InternalNotes" }, signal },
      0,
    ),
  );
  return fault instanceof ErpFault
    ? [findingOf(fault, "lines of AutoInvoice", "Manage AutoInvoice Lines")]
    : [];
}

async function schedulerFindings(
  { client }: OracleTools,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  const fault = await outcomeOf(() => requireNoRunningImports(client, JOURNAL_IMPORTS, signal));
  // An import that runs is no fault of the set-up.
  if (!(fault instanceof ErpFault) || fault.code === "import-running") return [];
  return [findingOf(fault, "scheduled processes", "ESS Administrator, or a role that may see its requests")];
}

function findingOf({ kind, message, code }: ErpFault, what: string, privilege: string): ConnectionFinding {
  if (kind === "authentication")
    return {
      problem: "credentials",
      message: `Oracle refuses the credentials: check them, and that they stand for a user of this environment (${message}).`,
    };
  if (kind === "permission")
    return {
      problem: "permission",
      message: `The user may not read ${what}: the role needs "${privilege}" (${message}).`,
    };
  if ((kind === "transient" || kind === "unknown") && code === null)
    return { problem: "unreachable", message: `Oracle does not answer (${message}).` };
  return { problem: "configuration", message: `Oracle refuses a question (${message}).` };
}
