import type { Clock } from "../../../model/clock.ts";
import { writeExactJson } from "../../http/exact-json.ts";
import { retryAfterMs } from "../../http/retry-after.ts";
import type { HttpReply } from "../common/http-client.ts";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { ErpFault, type BatchPollAnswer, type PollAnswer, type SubmitAnswer } from "../erp-sink.ts";
import { faultOfReply } from "./classify-fault.ts";
import type { NetsuiteClient, NetsuiteRequestOptions } from "./client.ts";
import { errorDetails } from "./error-reply.ts";
import { idempotencyKey } from "./idempotency-key.ts";
import { JobWatch } from "./job-watch.ts";
import { jobIdIn, jobProgress, taskResult } from "./jobs.ts";
import { MAX_BATCH_RECORDS } from "./limits.ts";
import { type NetsuitePlan, RECORD_TYPES, type UpsertRequest } from "./plan.ts";
import {
  recordIdIn,
  RECORD_ROOT,
  STRICT_HEADERS,
  upsertBody,
  upsertPath,
  UPSERT_HEADERS,
} from "./record-requests.ts";
import { preparedRequest, submit } from "./submit.ts";

const COLLECTION = "application/vnd.oracle.resource+json; type=collection";

/**
 * Requests that NetSuite works on by itself and that are polled: one document each, or batches. An idempotency key, which NetSuite heeds only
 * here, leads a request whose answer was lost to its job. A handle is "<job>" or "<job>/<place in the batch>".
 */
export class AsynchronousPosting {
  readonly #client: NetsuiteClient;
  readonly #clock: Clock;
  readonly #jobs: JobWatch;

  constructor(client: NetsuiteClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    this.#jobs = new JobWatch(client, clock);
  }

  async submit(plan: NetsuitePlan, attempt: number, signal: AbortSignal): Promise<SubmitAnswer> {
    const { request, externalId } = plan;
    if (request.kind !== "upsert") return submit(this.#client, plan, signal);
    const prepared = await preparedRequest(this.#client, plan, request, signal);
    if ("erp" in prepared) return { status: "confirmed", erp: prepared.erp };
    const job = await this.#begin([plan], attempt, {
      operation: `submit-${plan.kind}`,
      method: "PUT",
      path: upsertPath(prepared, externalId),
      effect: "write",
      headers: UPSERT_HEADERS,
      body: upsertBody(prepared),
      signal,
    });
    return { status: "accepted", handle: job };
  }

  /**
   * Creates several documents of one kind in one request. They are created and never changed by it: lines of a document that is there
   * already would be added to it, so that it is refused as a duplicate instead.
   */
  async submitBatch(
    plans: readonly NetsuitePlan[],
    attempt: number,
    signal: AbortSignal,
  ): Promise<readonly SubmitAnswer[]> {
    const requests = plans.map(batchedRequest);
    const [kind] = plans.map((plan) => plan.kind);
    if (kind === undefined || plans.some((plan) => plan.kind !== kind))
      throw new ErpFault("validation", "a batch holds documents of one kind");
    if (plans.length > MAX_BATCH_RECORDS)
      throw new ErpFault("validation", `a batch holds at most ${MAX_BATCH_RECORDS} documents`);
    const job = await this.#begin(plans, attempt, {
      operation: `submit-${kind}-batch`,
      method: "POST",
      path: `${RECORD_ROOT}/${RECORD_TYPES[kind]}`,
      effect: "write",
      headers: { ...STRICT_HEADERS, "content-type": COLLECTION },
      body: writeExactJson({ items: requests.map(({ body }) => body) }),
      signal,
    });
    return plans.map((_, position) => ({ status: "accepted", handle: `${job}/${position}` }));
  }

  async poll(plan: NetsuitePlan, handle: string, signal: AbortSignal): Promise<PollAnswer> {
    const [, job, position] = HANDLE.exec(handle) ?? [];
    if (job === undefined)
      throw endedWithout(`the handle ${handle.slice(0, 100)} is none of NetSuite's jobs`);
    if (!(await this.#jobs.isComplete(job, signal))) return { status: "pending" };
    const number = plan.request.kind === "upsert" ? plan.request.number : null;
    const id = await this.#jobs.recordId(job, plan, signal);
    if (id !== undefined) return { status: "confirmed", erp: { id, number } };
    const task = await this.#jobs.task(job, Number(position ?? "0"), signal);
    const result = task === undefined ? undefined : await taskResult(this.#client, job, task, signal);
    if (result === undefined) throw endedWithout(`job ${job} has no task for the document`);
    const written = recordIdIn(result.header("location") ?? "");
    if (written !== undefined) return { status: "confirmed", erp: { id: written, number } };
    if (result.status < 300)
      throw endedWithout(`job ${job} succeeded, and NetSuite doesn't have the document`);
    const fault = this.#faultOf(result);
    throw PASSING.has(fault.kind) ? endedWithout(fault.message, fault.code) : fault;
  }

  /**
   * Polls documents of one job, one after the other: what is known of the job serves all of them. A question that fails is not put again for the
   * next one, which would fail the same way.
   */
  async pollBatch(
    accepted: readonly { readonly plan: NetsuitePlan; readonly handle: string }[],
    signal: AbortSignal,
  ): Promise<readonly BatchPollAnswer[]> {
    const answers: BatchPollAnswer[] = [];
    let unasked: BatchPollAnswer | undefined;
    for (const { plan, handle } of accepted) {
      const answer = unasked ?? (await this.#pollOne(plan, handle, signal));
      if (answer.status === "failed" && PASSING.has(answer.fault.kind)) unasked = answer;
      answers.push(answer);
    }
    return answers;
  }

  async #pollOne(plan: NetsuitePlan, handle: string, signal: AbortSignal): Promise<BatchPollAnswer> {
    try {
      return await this.poll(plan, handle, signal);
    } catch (fault) {
      if (fault instanceof ErpFault) return { status: "failed", fault };
      throw fault;
    }
  }

  /** Id of the job, also of one that an earlier try of the same request began. */
  async #begin(
    plans: readonly NetsuitePlan[],
    attempt: number,
    request: NetsuiteRequestOptions,
  ): Promise<string> {
    const parts = plans.flatMap(({ externalId, command }) => [
      externalId,
      command.contentHash,
      String(command.revision),
    ]);
    const reply = await this.#send(request, idempotencyKey(parts));
    const job = this.#jobOf(reply);
    if (reply.status < 300) return this.#sent(job, plans);
    // Begun before. A job that failed for good is no reason to fail again, and neither is one that was begun after it: attempts begin anew where a
    // period was closed. A key of the time is new; what it might double is refused, since external ids are unique.
    const progress = await jobProgress(this.#client, job, request.signal);
    if (progress !== "failed") return this.#sent(job, plans);
    const again = await this.#send(
      request,
      idempotencyKey([...parts, `attempt ${attempt} at ${this.#clock.nowMs()}`]),
    );
    return this.#sent(this.#jobOf(again), plans);
  }

  #sent(job: string, plans: readonly NetsuitePlan[]): string {
    this.#jobs.sent(job, plans);
    return job;
  }

  #send(request: NetsuiteRequestOptions, key: string): Promise<HttpReply> {
    const headers = { ...request.headers, prefer: "respond-async", "X-NetSuite-Idempotency-Key": key };
    return this.#client.send({ ...request, headers, reads: isRepetition });
  }

  #jobOf(reply: HttpReply): string {
    const job = jobIdIn(reply.header("location"));
    if (job === undefined)
      throw new ErpFault("unknown", `NetSuite answered HTTP ${reply.status} without naming its job`);
    return job;
  }

  #faultOf({ status, text, header }: HttpReply): ErpFault {
    const waitMs = retryAfterMs(header("retry-after"), this.#clock.nowMs());
    return faultOfReply({ status, text, retryAfterMs: waitMs }, "write");
  }
}

/** Faults that may be gone when the document is sent again. */
const PASSING: ReadonlySet<ErpFaultKind> = new Set(["transient", "throttle", "unknown", "authentication"]);

/**
 * The job has ended and brought no document, for no reason that lies in it: polling again would not help. What NetSuite has is looked at
 * before it is sent again, and that a few times at most.
 */
function endedWithout(message: string, code: string | null = "job-without-document"): ErpFault {
  return new ErpFault("version-conflict", message, { code });
}

/** The job of documents that were sent together; null for one that was sent by itself. */
export function jobOf(handle: string): string | null {
  const [, job, position] = HANDLE.exec(handle) ?? [];
  return job === undefined || position === undefined ? null : job;
}

const HANDLE = /^([A-Za-z0-9_-]{1,64})(?:\/(\d{1,3}))?$/;

/** Customers are changed as well as created, and what is open of an invoice is looked at just before a memo is applied to it. */
export function isBatchable({ request }: NetsuitePlan): boolean {
  return request.kind === "upsert" && request.recordType !== "customer" && request.applyTo === null;
}

function batchedRequest(plan: NetsuitePlan): UpsertRequest {
  if (plan.request.kind === "upsert" && isBatchable(plan)) return plan.request;
  throw new ErpFault(
    "validation",
    "customers and memos that are applied to an invoice are sent by themselves",
  );
}

/** The key was used before: the answer names the first job. */
function isRepetition({ status, text }: HttpReply): boolean {
  return status === 400 && (errorDetails(text) ?? []).some(({ code }) => code === "IDEMPOTENCY_ERROR");
}
