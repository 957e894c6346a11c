import { compareDocuments } from "../../posting/compare-documents.ts";
import { ErpFault, type FoundDocument, type PollAnswer, type SubmitAnswer } from "../erp-sink.ts";
import { glInterfaceZip } from "./gl-interface.ts";
import { isUnderWay, jobState, NO_VALUE, startImport } from "./import-requests.ts";
import { ABANDONED_STATES, FAILED_STATES, SUCCEEDED } from "./import-states.ts";
import { faultOfLog, readImportLog } from "./import-log.ts";
import { findJournals } from "./journal-batches.ts";
import { checkPeriod, GENERAL_LEDGER } from "./periods.ts";
import type { JournalPlan } from "./plan.ts";
import type { OracleTools } from "./tools.ts";

/** A journal is a file that Oracle imports by itself. Neither file nor group keep it from being imported twice: so it is looked for before. */

const IMPORT_JOB = "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher";

export async function submitJournal(
  tools: OracleTools,
  plan: JournalPlan,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const { client, options } = tools;
  const { request, expected } = plan;
  await checkPeriod(client, GENERAL_LEDGER, request.ledgerId, expected.date ?? "", signal);
  const there = await confirmed(tools, plan, signal);
  if (there !== undefined) return there;
  const handle = await startImport(client, {
    operation: "submit-journal",
    content: glInterfaceZip(request.rows),
    fileName: `GlInterface_${request.groupId}.zip`,
    account: options.importAccount,
    job: IMPORT_JOB,
    parameters: [
      request.dataAccessSetId ?? NO_VALUE,
      request.source,
      request.ledgerId,
      request.groupId,
      // Errors to suspense, summary journals, descriptive flexfields.
      "N",
      "N",
      "N",
    ],
    signal,
  });
  return { status: "accepted", handle };
}

/** What became of an import. The batch is the truth; the job's state says only whether it is worth waiting for it. */
export async function pollJournal(
  tools: OracleTools,
  plan: JournalPlan,
  handle: string,
  signal: AbortSignal,
): Promise<PollAnswer> {
  const state = await jobState(tools.client, "poll-journal", handle, signal);
  if (isUnderWay(state)) return { status: "pending" };
  const there = await confirmed(tools, plan, signal);
  if (there !== undefined) return there;
  if (FAILED_STATES.has(state)) throw faultOfLog(state, await readImportLog(tools.client, handle, signal));
  if (state === SUCCEEDED || ABANDONED_STATES.has(state))
    throw new ErpFault(
      "version-conflict",
      state === SUCCEEDED
        ? `Oracle's import ${handle} succeeded, and its journal is not to be seen (yet)`
        : `Oracle's import ${handle} ended as ${state}`,
      { code: state },
    );
  return { status: "pending" };
}

/** The journal, if Oracle has it as planned. Rejects with `duplicate` where it has another one, or several. */
async function confirmed(
  { client }: OracleTools,
  plan: JournalPlan,
  signal: AbortSignal,
): Promise<SubmitAnswer | undefined> {
  const [first, second] = await findJournals(client, plan, signal);
  if (first === undefined) return undefined;
  if (second !== undefined || !isAsPlanned(first, plan))
    throw new ErpFault("duplicate", `Oracle has a journal batch ${first.erp.number ?? first.erp.id} already`);
  return { status: "confirmed", erp: first.erp };
}

function isAsPlanned({ document }: FoundDocument, plan: JournalPlan): boolean {
  return compareDocuments(plan.expected, document).length === 0;
}
