import { z } from "zod";
import type { HttpReply } from "../common/http-client.ts";
import { ErpFault } from "../erp-sink.ts";
import type { NetsuiteClient } from "./client.ts";
import { errorDetails } from "./error-reply.ts";
import { parsedJson } from "./suiteql.ts";

/** Jobs of asynchronous requests: a job has a task for each record, a task a result, which is what a synchronous request would have answered. */

const JOB_ROOT = "/services/rest/async/v1/job";
const JOB_ADDRESS = /\/services\/rest\/async\/v1\/job\/([A-Za-z0-9_-]{1,64})$/;
const TASK_ADDRESS = /\/task\/([A-Za-z0-9_-]{1,64})(\/result)?$/;

const jobSchema = z.looseObject({ completed: z.boolean(), progress: z.string().nullish() });
const tasksSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      id: z.string().nullish(),
      links: z.array(z.looseObject({ href: z.string() })).nullish(),
    }),
  ),
});

/** Id of a job by its address; undefined where it is none. */
export function jobIdIn(address: string | undefined): string | undefined {
  return JOB_ADDRESS.exec(address ?? "")?.[1];
}

/** "pending" until every record was worked on. A job that NetSuite doesn't know any more has ended. */
export async function jobProgress(
  client: NetsuiteClient,
  job: string,
  signal: AbortSignal,
): Promise<"pending" | "succeeded" | "failed"> {
  const reply = await read(client, "poll-job", `${JOB_ROOT}/${job}`, signal);
  // Jobs are forgotten after some time: what they did is in the books or it isn't.
  if (reply.status === 404) return "succeeded";
  const parsed = jobSchema.safeParse(parsedJson(reply.text));
  if (!parsed.success) throw new ErpFault("transient", "NetSuite's answer about a job can't be read");
  const { completed, progress } = parsed.data;
  if (!completed) return "pending";
  return progress === "failed" ? "failed" : "succeeded";
}

/** Ids of a job's tasks, in the order of the records that were sent. */
export async function jobTasks(
  client: NetsuiteClient,
  job: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const reply = await read(client, "read-tasks", `${JOB_ROOT}/${job}/task`, signal);
  if (reply.status === 404) return [];
  const parsed = tasksSchema.safeParse(parsedJson(reply.text));
  if (!parsed.success) throw new ErpFault("transient", "NetSuite's list of a job's tasks can't be read");
  const ids = parsed.data.items.flatMap(({ id, links }) => {
    const addresses = (links ?? []).map(({ href }) => TASK_ADDRESS.exec(href)?.[1]);
    return id ?? addresses.find((address) => address !== undefined) ?? [];
  });
  return ids.sort(byNumber);
}

/**
 * What the request of a task was answered: of any status. An answer that asks for a pause, or to prove who asks, is about this question and
 * not about the task, so that it is asked again.
 */
export async function taskResult(
  client: NetsuiteClient,
  job: string,
  task: string,
  signal: AbortSignal,
): Promise<HttpReply> {
  const path = `${JOB_ROOT}/${job}/task/${encodeURIComponent(task)}/result`;
  return client.send({
    operation: "read-result",
    method: "GET",
    path,
    effect: "read",
    signal,
    reads: ({ status }) => status >= 400 && status !== 401 && status !== 429 && status !== 503,
  });
}

function read(
  client: NetsuiteClient,
  operation: string,
  path: string,
  signal: AbortSignal,
): Promise<HttpReply> {
  return client.send({
    operation,
    method: "GET",
    path,
    effect: "read",
    signal,
    reads: ({ status, text }) => status === 404 && errorDetails(text) !== undefined,
  });
}

function byNumber(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);
}
