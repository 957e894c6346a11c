import { type BatchAnswer, ErpFault } from "../erp-sink.ts";
import { NO_VALUE, startImport } from "./import-requests.ts";
import { failedOr, findImported, importedAnswer, PASSING } from "./imported-document.ts";
import { loadsOfLines } from "./interface-lines.ts";
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

/** An answer for each plan, in their order. Rejects where a single file held all of them and was not taken. */
export async function submitImport(
  tools: OracleTools,
  plans: readonly TransactionPlan[],
  attempts: readonly number[],
  signal: AbortSignal,
): Promise<readonly BatchAnswer[]> {
  requireBatch(plans);
  const answers = new Map<TransactionPlan, BatchAnswer>();
  const repeated = plans.filter((_, index) => (attempts[index] ?? 1) > 1);
  await takeUp(tools, repeated, answers, signal);
  const sendable: Sendable[] = [];
  const checks: PeriodChecks = new Map();
  for (const plan of plans)
    if (!answers.has(plan)) {
      const prepared = await failedOr(() => prepare(tools, plan, checks, signal));
      if (!("status" in prepared)) sendable.push(prepared);
      // Nothing was sent yet, and the next question would fail the same way.
      else if (PASSING.has(prepared.fault.kind)) throw prepared.fault;
      else answers.set(plan, prepared);
    }
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

/** What a file is answered with that was not sent because of another one: a lost answer is only that one's. */
function notSent({ kind, message }: ErpFault): { readonly status: "failed"; readonly fault: ErpFault } {
  return {
    status: "failed",
    fault: new ErpFault(
      kind === "unknown" ? "transient" : kind,
      `not sent, since another file failed: ${message}`,
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

/**
 * What an earlier try has left is found: a transaction is answered with, and lines that were rejected and not removed would be in the way of new
 * ones, so that their document is looked up first, which removes them.
 */
async function takeUp(
  tools: OracleTools,
  plans: readonly TransactionPlan[],
  answers: Map<TransactionPlan, BatchAnswer>,
  signal: AbortSignal,
): Promise<void> {
  if (plans.length === 0) return;
  const loads = await loadsOfLines(tools.client, plans, signal);
  const records = await findImported(tools, plans, signal);
  for (const plan of plans) {
    const found = records.get(plan.externalId);
    if (found !== undefined && found.length > 0)
      answers.set(plan, await failedOr(() => importedAnswer(tools, plan, found, signal)));
    else if (loads.has(plan.externalId))
      answers.set(plan, {
        status: "failed",
        fault: new ErpFault("version-conflict", "lines of an earlier try are still in AutoInvoice's table", {
          code: "interface-lines-left",
        }),
      });
  }
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
    const check = checks.get(key) ?? checkPeriod(tools.client, RECEIVABLES, ledgerId, expected.date, signal);
    checks.set(key, check);
    await check;
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
