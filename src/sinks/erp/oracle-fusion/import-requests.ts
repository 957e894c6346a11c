import { z } from "zod";
import { ErpFault } from "../erp-sink.ts";
import type { OracleClient } from "./client.ts";
import { FINISHED_STATES, KNOWN_UNDER_WAY } from "./import-states.ts";
import { FINANCIALS, parsed } from "./resources.ts";

/** Files that Oracle is given, and jobs that work by themselves. */

const INTEGRATIONS = `${FINANCIALS}/erpintegrations`;
/** What Oracle says for "any" of a parameter. */
export const NO_VALUE = "#NULL";
/** Notifications of failures only go to the user's mail. */
const NOTIFICATION_CODE = "10";
/** Number of a request that was refused, with a status of success. */
const REFUSED_REQUEST = "-1";

const startedSchema = z.looseObject({ ReqstId: z.union([z.string(), z.number()]).nullish() });
const statusSchema = z.looseObject({
  items: z.array(z.looseObject({ RequestStatus: z.string().nullish() })),
});

export interface ImportRequest {
  /** Fixed word for metrics. */
  readonly operation: string;
  /** Base64 of the ZIP. */
  readonly content: string;
  readonly fileName: string;
  /** Account of the document server. */
  readonly account: string;
  /** Package and name of the job, with a comma between. */
  readonly job: string;
  readonly parameters: readonly string[];
  readonly signal: AbortSignal;
}

/** Gives Oracle a file to import; the number of the request. */
export function startImport(client: OracleClient, request: ImportRequest): Promise<string> {
  const { operation, content, fileName, account, job, parameters, signal } = request;
  return start(client, operation, signal, {
    OperationName: "importBulkData",
    DocumentContent: content,
    ContentType: "zip",
    FileName: fileName,
    DocumentAccount: account,
    JobName: job,
    ParameterList: parameters.join(","),
    CallbackURL: NO_VALUE,
    NotificationCode: NOTIFICATION_CODE,
    JobOptions: "ExtractFileType=ALL",
  });
}

export interface JobRequest {
  /** Fixed word for metrics. */
  readonly operation: string;
  readonly package: string;
  readonly definition: string;
  readonly parameters: readonly string[];
  readonly signal: AbortSignal;
}

/** Starts a job without a file; the number of the request. */
export function startJob(client: OracleClient, request: JobRequest): Promise<string> {
  return start(client, request.operation, request.signal, {
    OperationName: "submitESSJobRequest",
    JobPackageName: request.package,
    JobDefName: request.definition,
    ESSParameters: request.parameters.join(","),
    ReqstId: null,
  });
}

async function start(
  client: OracleClient,
  operation: string,
  signal: AbortSignal,
  body: Readonly<Record<string, string | null>>,
): Promise<string> {
  const answer = await client.rest({ operation, method: "POST", path: INTEGRATIONS, body, signal });
  const id = String(startedSchema.safeParse(answer).data?.ReqstId ?? "");
  if (id === REFUSED_REQUEST)
    throw new ErpFault(
      "permission",
      "Oracle did not take the import (ReqstId -1): the user may not run it, or its job or document account is another one here",
      { code: "ReqstId -1" },
    );
  if (!/^\d{1,18}$/.test(id))
    throw new ErpFault("unknown", "Oracle did not say which request does the import");
  return id;
}

/** State of a request, in upper case; "" where Oracle doesn't tell. */
export async function jobState(
  client: OracleClient,
  operation: string,
  id: string,
  signal: AbortSignal,
): Promise<string> {
  const body = await client.rest({
    operation,
    method: "GET",
    path: `${INTEGRATIONS}?finder=ESSJobStatusRF;requestId=${encodeURIComponent(id)}`,
    signal,
  });
  const [item] = parsed(statusSchema, body, "job's status").items;
  return (item?.RequestStatus ?? "").trim().toUpperCase();
}

/** Whether a state is one of a job that works or waits. One that is unknown, or none, may be told for ever. */
export function isUnderWay(state: string): boolean {
  return !FINISHED_STATES.has(state) && KNOWN_UNDER_WAY.has(state);
}
