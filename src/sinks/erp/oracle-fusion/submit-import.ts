import { type BatchAnswer, ErpFault } from "../erp-sink.ts";
import { NO_VALUE, startImport } from "./import-requests.ts";
import { failedOr, PASSING } from "./imported-document.ts";
import { MAX_IMPORT_DOCUMENTS, MAX_IMPORT_ROWS } from "./limits.ts";
import { correctedInvoice } from "./memo-applications.ts";
import { checkPeriod, RECEIVABLES } from "./periods.ts";
import type { TransactionPlan } from "./plan.ts";
import { type InterfaceRows, LINE_COLUMN, raInterfaceZip } from "./ra-interface.ts";
import type { OracleTools } from "./tools.ts";

/**
 * Invoices or memos of a batch become a file for AutoInvoice: one for each business unit and transaction source, which the job is told. Each of them
 * is imported as a whole or not at all, whatever the others have; nothing is sent twice, since Oracle takes a line's flexfield and a source's
 * transaction number once.
 */

const IMPORT_JOB = "/oracle/apps/ess/financials/receivables/transactions/autoInvoices,AutoInvoiceImportEss";
/** Parameters between the date and the last two narrow down what is imported: types, customers, dates, numbers, orders. */
const NARROWING_PARAMETERS = 19;

/** A document that may be sent, with its rows. */
interface Sendable {
  readonly plan: TransactionPlan;
  readonly rows: InterfaceRows;
}

/**
 * An answer for each plan, in their order. Rejects where a single file held all of them and was not taken. It is not looked for what an earlier try
 * has left: whose outcome isn't known is looked up before it is sent again, and Oracle rejects what it has.
 */
export async function submitImport(
  tools: OracleTools,
  plans: readonly TransactionPlan[],
  signal: AbortSignal,
): Promise<readonly BatchAnswer[]> {
  requireBatch(plans);
  const answers = new Map<TransactionPlan, BatchAnswer>();
  const sendable = await prepareAll(tools, plans, answers, signal);
  await sendAll(tools, filesOf(sendable), answers, signal);
  return plans.map(
    (plan) =>
      answers.get(plan) ?? {
        status: "failed",
        fault: new ErpFault("unknown", "no answer was found for the document"),
      },
  );
}

/** Sends files one after the other. Where one was not taken for a reason that passes the next are not sent. */
async function sendAll(
  tools: OracleTools,
  files: readonly (readonly Sendable[])[],
  answers: Map<TransactionPlan, BatchAnswer>,
  signal: AbortSignal,
): Promise<void> {
  const isAll = files.length === 1 && answers.size === 0;
  let obstacle: ErpFault | undefined;
  for (const file of files) {
    const sent = obstacle === undefined ? await failedOr(() => send(tools, file, signal)) : notSent(obstacle);
    if (typeof sent !== "string" && isAll) throw sent.fault;
    if (typeof sent !== "string" && PASSING.has(sent.fault.kind)) obstacle ??= sent.fault;
    file.forEach(({ plan }, position) =>
      answers.set(
        plan,
        typeof sent === "string" ? { status: "accepted", handle: `${sent}/${position}` } : sent,
      ),
    );
  }
}

/** What is answered of what was not sent because of another one: a lost answer is only that one's. */
function notSent({ kind, message }: ErpFault): { readonly status: "failed"; readonly fault: ErpFault } {
  return {
    status: "failed",
    fault: new ErpFault(
      kind === "unknown" ? "transient" : kind,
      `not sent, since another one failed: ${message}`,
    ),
  };
}

function requireBatch(plans: readonly TransactionPlan[]): void {
  if (plans.length > MAX_IMPORT_DOCUMENTS || plans.some(({ kind }) => kind !== plans[0]?.kind))
    throw new ErpFault(
      "validation",
      `a batch holds documents of one kind, and at most ${MAX_IMPORT_DOCUMENTS} of them`,
    );
}

/** Faults in a row after which questions about further documents are not put: Oracle has other troubles. */
const MAX_FAULTS_IN_A_ROW = 3;

/**
 * What is known of each document before it is sent: questions of its own, so that one that fails for a moment is its document's alone. Of a hundred
 * questions one nearly always fails where a few in a hundred do, and the whole batch must not begin again because of it.
 */
async function prepareAll(
  tools: OracleTools,
  plans: readonly TransactionPlan[],
  answers: Map<TransactionPlan, BatchAnswer>,
  signal: AbortSignal,
): Promise<readonly Sendable[]> {
  const sendable: Sendable[] = [];
  const checks: PeriodChecks = new Map();
  let inARow: ErpFault[] = [];
  for (const plan of plans) {
    const [obstacle] = inARow.length >= MAX_FAULTS_IN_A_ROW ? inARow : [];
    const prepared =
      obstacle === undefined ? await failedOr(() => prepare(tools, plan, checks, signal)) : notSent(obstacle);
    if (!("status" in prepared)) {
      inARow = [];
      sendable.push(prepared);
      continue;
    }
    const { fault } = prepared;
    // All wait, and no attempt counts.
    if (fault.kind === "throttle" || fault.kind === "authentication") throw fault;
    if (PASSING.has(fault.kind)) inARow.push(fault);
    answers.set(plan, prepared);
  }
  return sendable;
}

/** By ledger and day: the answer, which holds for all documents of a batch. */
type PeriodChecks = Map<string, Promise<void>>;

async function prepare(
  tools: OracleTools,
  plan: TransactionPlan,
  checks: PeriodChecks,
  signal: AbortSignal,
): Promise<Sendable> {
  const { request, expected } = plan;
  const { sent, billTo, ledgerId } = request;
  if (sent.by !== "import") throw new TypeError("the plan is not one of an import");
  if (ledgerId !== undefined && expected.date !== null) {
    const key = `${ledgerId} ${expected.date}`;
    let check = checks.get(key);
    if (check === undefined) {
      check = checkPeriod(tools.client, RECEIVABLES, ledgerId, expected.date, signal);
      checks.set(key, check);
    }
    try {
      await check;
    } catch (fault) {
      // What passes is asked again for the next document.
      if (fault instanceof ErpFault && PASSING.has(fault.kind)) checks.delete(key);
      throw fault;
    }
  }
  const accountNumber = await tools.customers.accountNumber(billTo, signal);
  if (accountNumber === undefined)
    throw new ErpFault("version-conflict", "Oracle does not show the customer's account (yet)", {
      code: "AR_BILL_TO_CUST_NOT_FOUND",
    });
  await correctedInvoice(tools, plan, signal);
  const site = "site" in billTo ? billTo.site : undefined;
  const customer: readonly (readonly [number, string])[] = [
    [LINE_COLUMN.BILL_CUSTOMER_ACCOUNT_NUMBER, accountNumber],
    ...(site === undefined ? [] : [[LINE_COLUMN.BILL_CUSTOMER_SITE_NUMBER, site] as const]),
  ];
  return {
    plan,
    rows: {
      lines: sent.rows.lines.map((row) => new Map([...row, ...customer])),
      distributions: sent.rows.distributions,
    },
  };
}

/** Documents by the file that they are sent in. */
function filesOf(documents: readonly Sendable[]): readonly (readonly Sendable[])[] {
  const groups = new Map<string, Sendable[][]>();
  for (const document of documents) {
    const { businessUnit, source } = document.plan.request;
    const key = JSON.stringify([businessUnit, source]);
    const files = groups.get(key) ?? [];
    const last = files.at(-1);
    const rows = (last ?? []).reduce((sum, each) => sum + each.rows.lines.length, 0);
    if (last !== undefined && rows + document.rows.lines.length <= MAX_IMPORT_ROWS) last.push(document);
    else files.push([document]);
    groups.set(key, files);
  }
  return [...groups.values()].flat();
}

async function send(tools: OracleTools, file: readonly Sendable[], signal: AbortSignal): Promise<string> {
  const [first] = file;
  if (first === undefined) throw new TypeError("a file has documents");
  const { businessUnit, source, sent } = first.plan.request;
  if (source.includes(","))
    throw new ErpFault("mapping", `AutoInvoice can't be told a transaction source with a comma: ${source}`, {
      code: "mapping-unusable",
    });
  const unitId = await tools.businessUnits.idOf(businessUnit, signal);
  const id = await startImport(tools.client, {
    operation: `submit-${first.plan.kind}-batch`,
    content: raInterfaceZip({
      lines: file.flatMap(({ rows }) => rows.lines),
      distributions: file.flatMap(({ rows }) => rows.distributions),
    }),
    fileName: `RaInterface_${sent.by === "import" ? sent.key : ""}_${file.length}.zip`,
    account: tools.options.invoiceImportAccount,
    job: IMPORT_JOB,
    parameters: [
      unitId,
      source,
      // Date of lines without one: ours have theirs.
      first.plan.expected.date ?? NO_VALUE,
      ...Array.from({ length: NARROWING_PARAMETERS }, () => NO_VALUE),
      // Due dates count from the transaction's date; no adjustment of them.
      "Y",
      NO_VALUE,
    ],
    signal,
  });
  tools.imports.sent(
    id,
    file.map(({ plan }) => plan.externalId),
  );
  return id;
}
