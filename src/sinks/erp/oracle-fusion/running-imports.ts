import { z } from "zod";
import { ErpFault } from "../erp-sink.ts";
import type { OracleClient } from "./client.ts";
import { FINISHED_STATES } from "./import-states.ts";
import { IMPORT_LOOK_BACK_MS } from "./limits.ts";
import { parsed } from "./resources.ts";

/**
 * Imports that Oracle still works on. A document whose request had no answer may be among them: so nothing is said to be missing while one of them
 * is under way that may have it. Scheduler's own service: docs.oracle.com, REST API for Common Features, "Job Requests".
 */

const JOB_REQUESTS = "/ess/rest/scheduler/v1/requests";
/** Jobs that imports consist of: of journals, and of invoices. Both begin with the one that loads a file. */
export const JOURNAL_IMPORTS = /InterfaceLoader(?!Purge)|JournalImport|ImportBulkData/i;
export const INVOICE_IMPORTS = /InterfaceLoader(?!Purge)|AutoInvoice|ImportBulkData/i;
const listSchema = z.looseObject({
  items: z.array(
    z.looseObject({ requestId: z.string(), state: z.string(), jobDefinitionId: z.string().nullish() }),
  ),
});
const MAX_REQUESTS = 500;

/**
 * Throws ErpFault `transient` while an import is under way that was sent lately.
 * @param mayBe whether an import may be the one that is looked for
 */
export async function requireNoRunningImports(
  client: OracleClient,
  jobs: RegExp,
  signal: AbortSignal,
  mayBe: (requestId: string) => boolean = () => true,
): Promise<void> {
  const since = new Date(client.clock.nowMs() - IMPORT_LOOK_BACK_MS).toISOString();
  const query = new URLSearchParams({
    q: `submissionTime gt "${since}"`,
    fields: "requestId,state,jobDefinitionId",
    orderBy: "requestId:desc",
    limit: String(MAX_REQUESTS),
  });
  const body = await client.rest({
    operation: "read-imports",
    method: "GET",
    path: `${JOB_REQUESTS}?${query.toString().replaceAll("+", "%20")}`,
    signal,
  });
  const { items } = parsed(listSchema, body, "list of job requests");
  const running = items.find(
    ({ requestId, state, jobDefinitionId }) =>
      jobs.test(jobDefinitionId ?? "") && !FINISHED_STATES.has(state.toUpperCase()) && mayBe(requestId),
  );
  if (running !== undefined)
    throw new ErpFault(
      "transient",
      `Oracle still works on an import (${running.requestId}, ${running.state}), which may be this one`,
      { code: "import-running" },
    );
}
