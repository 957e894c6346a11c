import { z } from "zod";
import { compareDocuments } from "../../posting/compare-documents.ts";
import { ErpFault, type FoundDocument, type PollAnswer, type SubmitAnswer } from "../erp-sink.ts";
import { glInterfaceZip } from "./gl-interface.ts";
import { ABANDONED_STATES, FAILED_STATES, SUCCEEDED } from "./import-states.ts";
import { faultOfLog, readImportLog } from "./import-log.ts";
import { findJournals } from "./journal-batches.ts";
import { checkPeriod, GENERAL_LEDGER } from "./periods.ts";
import type { JournalPlan } from "./plan.ts";
import { FINANCIALS, parsed } from "./resources.ts";
import type { OracleTools } from "./tools.ts";

/** A journal is a file that Oracle imports by itself. Neither file nor group keep it from being imported twice: so it is looked for before. */

export const INTEGRATIONS = `${FINANCIALS}/erpintegrations`;
const IMPORT_JOB = "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher";
/** What Oracle says for "any" of a parameter. */
const NO_VALUE = "#NULL";
/** Notifications of failures only go to the user's mail. */
const NOTIFICATION_CODE = "10";
/** Number of a request that was refused, with a status of success. */
const REFUSED_REQUEST = "-1";

const importSchema = z.looseObject({ ReqstId: z.string().nullish() });
const statusSchema = z.looseObject({
  items: z.array(z.looseObject({ RequestStatus: z.string().nullish() })),
});

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
  const body = await client.rest({
    operation: "submit-journal",
    method: "POST",
    path: INTEGRATIONS,
    body: {
      OperationName: "importBulkData",
      DocumentContent: glInterfaceZip(request.rows),
      ContentType: "zip",
      FileName: `GlInterface_${request.groupId}.zip`,
      DocumentAccount: options.importAccount,
      JobName: IMPORT_JOB,
      ParameterList: [
        request.dataAccessSetId ?? NO_VALUE,
        request.source,
        request.ledgerId,
        request.groupId,
        // Errors to suspense, summary journals, descriptive flexfields.
        "N",
        "N",
        "N",
      ].join(","),
      CallbackURL: NO_VALUE,
      NotificationCode: NOTIFICATION_CODE,
      JobOptions: "ExtractFileType=ALL",
    },
    signal,
  });
  const id = importSchema.safeParse(body).data?.ReqstId ?? "";
  if (id === REFUSED_REQUEST)
    throw new ErpFault(
      "permission",
      "Oracle did not take the import (ReqstId -1): the user may not run it, or its job or document account is another one here",
      { code: "ReqstId -1" },
    );
  if (!/^\d{1,18}$/.test(id))
    throw new ErpFault("unknown", "Oracle did not say which request imports the journal");
  return { status: "accepted", handle: id };
}

/** What became of an import. The batch is the truth; the job's state says only whether it is worth waiting for it. */
export async function pollJournal(
  tools: OracleTools,
  plan: JournalPlan,
  handle: string,
  signal: AbortSignal,
): Promise<PollAnswer> {
  const body = await tools.client.rest({
    operation: "poll-journal",
    method: "GET",
    path: `${INTEGRATIONS}?finder=ESSJobStatusRF;requestId=${encodeURIComponent(handle)}`,
    signal,
  });
  const [item] = parsed(statusSchema, body, "job's status").items;
  const state = (item?.RequestStatus ?? "").trim().toUpperCase();
  const isFailed = FAILED_STATES.has(state);
  // A state that is unknown, or none, may be told for ever.
  if (state !== SUCCEEDED && !isFailed && !ABANDONED_STATES.has(state) && KNOWN_UNDER_WAY.has(state))
    return { status: "pending" };
  const there = await confirmed(tools, plan, signal);
  if (there !== undefined) return there;
  if (isFailed) throw faultOfLog(state, await readImportLog(tools.client, handle, signal));
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

const KNOWN_UNDER_WAY: ReadonlySet<string> = new Set([
  "WAIT",
  "READY",
  "SCHEDULED",
  "RUNNING",
  "PROCESSING",
  "PAUSED",
  "BLOCKED",
  "HOLD",
]);

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
