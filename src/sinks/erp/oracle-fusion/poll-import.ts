import { ErpFault, type BatchPollAnswer } from "../erp-sink.ts";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { kindOfDetails } from "./classify-fault.ts";
import { type ExecutionReport, readExecutionReport } from "./execution-report.ts";
import { isUnderWay, jobState } from "./import-requests.ts";
import { ABANDONED_STATES, FINISHED_STATES, SUCCEEDED } from "./import-states.ts";
import { failedOr, findImported, importedAnswer, PASSING } from "./imported-document.ts";
import { loadsOfLines } from "./interface-lines.ts";
import { MAX_APPLICATIONS_A_POLL } from "./limits.ts";
import type { TransactionPlan } from "./plan.ts";
import type { OracleTools } from "./tools.ts";

/** A document that Oracle was given with a file; its handle is "<request>/<place in the file>". */
export interface AcceptedTransaction {
  readonly plan: TransactionPlan;
  readonly handle: string;
}

const HANDLE = /^(\d{1,18})\/\d{1,3}$/;

/** The request of documents that were sent together; null for what was not sent so. */
export function importOf(handle: string): string | null {
  return HANDLE.exec(handle)?.[1] ?? null;
}

/**
 * What became of documents of one import. The job's end says little: it may succeed where all of its lines are rejected. So the transactions are
 * looked for; of those that are missing the lines are removed from the interface table, and only when they are gone the report's reason is told.
 * Lines are asked about before the transactions that they become, so that none is missed between the two questions.
 */
export async function pollImport(
  tools: OracleTools,
  accepted: readonly AcceptedTransaction[],
  signal: AbortSignal,
): Promise<readonly BatchPollAnswer[]> {
  const id = importOf(accepted[0]?.handle ?? "");
  if (id === null || accepted.some(({ handle }) => importOf(handle) !== id))
    throw new ErpFault("version-conflict", "the handle is none of an import of invoices", {
      code: "import-unknown",
    });
  const plans = accepted.map(({ plan }) => plan);
  tools.imports.sent(
    id,
    plans.map(({ externalId }) => externalId),
  );
  const state = await jobState(tools.client, "poll-import", id, signal);
  if (isUnderWay(state)) return accepted.map(() => PENDING);
  const loads = await loadsOfLines(tools.client, plans, signal);
  const records = await findImported(tools, plans, signal);
  const isEnded = FINISHED_STATES.has(state);
  // Also lines of documents that are there: of a file that came twice.
  if (isEnded) await tools.removal.begin(loadsToRemove(loads, id), signal);
  let report: ExecutionReport | FailedAnswer | undefined;
  let applications = 0;
  const answers: BatchPollAnswer[] = [];
  for (const plan of plans) {
    const found = records.get(plan.externalId) ?? [];
    if (found instanceof ErpFault) answers.push({ status: "failed", fault: found });
    else if (found.length > 0) {
      if (plan.request.applyTo !== null) applications += 1;
      const answer: BatchPollAnswer =
        applications > MAX_APPLICATIONS_A_POLL
          ? PENDING
          : await failedOr(() => importedAnswer(tools, plan, found, signal));
      // The next memo's application would fail the same way.
      if (answer.status === "failed" && PASSING.has(answer.fault.kind))
        applications = MAX_APPLICATIONS_A_POLL;
      answers.push(answer);
    } else if (!isEnded || loads.has(plan.externalId)) answers.push(PENDING);
    else {
      report ??= await failedOr(() => readExecutionReport(tools.client, id, signal));
      answers.push(
        "fault" in report ? report : { status: "failed", fault: faultOf(plan, id, state, report) },
      );
    }
  }
  return answers;
}

type FailedAnswer = Extract<BatchPollAnswer, { readonly status: "failed" }>;
const PENDING: BatchPollAnswer = { status: "pending" };

/** The loads that brought lines; where Oracle doesn't say, it can only be the import that is asked about. */
function loadsToRemove(loads: ReadonlyMap<string, ReadonlySet<string>>, id: string): ReadonlySet<string> {
  return new Set([...loads.values()].flatMap((each) => [...each]).map((load) => (load === "" ? id : load)));
}

/** What a second copy of lines is refused with. Whatever else is said of the document then may only be so because of it: accounts count twice, too. */
const REPEATED_LINES = /unique combination|must be unique|already (been )?(used|exists?)|duplicate/i;
/** Set-up that no line is to blame for: an unknown context of the flexfield, consolidated billing. */
const SET_UP = /valid context|consolidated billing/i;
/** What decides where lines have several messages: what the mapping has wrong is wrong for all, a period opens by itself. */
const ORDER: readonly ErpFaultKind[] = ["mapping", "period-closed"];
const MAX_TOLD = 5;

/** Why a document is not there, and none of its lines in the table any more. */
function faultOf({ request }: TransactionPlan, id: string, state: string, report: ExecutionReport): ErpFault {
  const { number, sent } = request;
  const said = report.messagesOf(sent.by === "import" ? [sent.key, number] : [number]);
  if (said.some((message) => REPEATED_LINES.test(message)))
    return new ErpFault("version-conflict", `AutoInvoice had lines of ${number} twice, and took neither`, {
      code: "interface-lines-twice",
    });
  if (said.length > 0) {
    const kinds = said.map(kindOfMessage);
    return new ErpFault(
      ORDER.find((kind) => kinds.includes(kind)) ?? "validation",
      `AutoInvoice has rejected ${number}: ${said.slice(0, MAX_TOLD).join("; ")}`,
      { code: "autoinvoice-rejected" },
    );
  }
  if (state !== SUCCEEDED && !ABANDONED_STATES.has(state)) {
    const isMapping = kindOfMessage(report.ending) === "mapping";
    if (isMapping || SET_UP.test(report.ending))
      return new ErpFault(
        isMapping ? "mapping" : "validation",
        `AutoInvoice could not begin: ${report.ending}`,
        { code: "autoinvoice-setup" },
      );
  }
  // It was cancelled, or broke off, or Oracle doesn't show yet what it has made.
  const why = report.ending === "" || state === SUCCEEDED ? "" : ` (${report.ending})`;
  return new ErpFault(
    "version-conflict",
    `Oracle's import ${id} ended as ${state}${why}, and ${number} is not to be seen (yet)`,
    { code: state },
  );
}

function kindOfMessage(message: string): ErpFaultKind | undefined {
  return kindOfDetails([{ code: "", message, path: "" }]);
}
