import { isObject } from "./body-check.ts";
import { collectionBody } from "./collection.ts";
import {
  errorBody,
  invalidContent,
  invalidHeader,
  NetSuiteError,
  noSuchInstance,
  unexpectedError,
} from "./errors.ts";
import {
  bodyOf,
  headerOf,
  isCollection,
  methodNotAllowed,
  nameValidation,
  pageOf,
  type Answer,
  type ApiRequest,
} from "./http-exchange.ts";
import type { RecordService, WriteTask } from "./record-service.ts";
import type { StateFile } from "../common/state-file.ts";

interface Task {
  readonly id: string;
  readonly write: WriteTask;
  /** Fails whatever it asks for. */
  readonly isFailing: boolean;
  answer: Answer | null;
  startMs: number;
  endMs: number;
}

interface Job {
  readonly id: string;
  readonly idempotencyKey: string | null;
  readonly dueMs: number;
  readonly tasks: Task[];
}

/** The most records of a batch. */
export const MAX_BATCH = 100;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const FIRST_JOB_ID = 123_456;

export interface JobsEnvironment {
  readonly records: RecordService;
  readonly stateFile: StateFile | undefined;
  readonly delayMs: () => number;
  readonly nowMs: () => number;
  readonly random: () => number;
  /** Ends when the simulator does. */
  readonly signal: AbortSignal;
}

/** Requests with `Prefer: respond-async`: a job of one task, or of one for each record of a batch. */
export class AsynchronousJobs {
  readonly #environment: JobsEnvironment;
  readonly #jobs = new Map<string, Job>();
  readonly #byKey = new Map<string, Job>();

  constructor(environment: JobsEnvironment) {
    this.#environment = environment;
    for (const text of environment.stateFile?.read("job") ?? []) {
      const job: Job = JSON.parse(text);
      this.#keep(job);
    }
    for (const job of this.#jobs.values()) this.#schedule(job);
  }

  /** Takes a write. Throws NetSuiteError where it can't be taken; what is wrong with its records is found by the tasks. */
  submit(request: ApiRequest, failingPlaces: readonly number[]): Answer {
    const key = headerOf(request, "x-netsuite-idempotency-key") ?? null;
    if (key !== null && !UUID.test(key))
      throw invalidHeader("X-NetSuite-Idempotency-Key", "The idempotency key must be a UUID (RFC 4122).");
    const earlier = key === null ? undefined : this.#byKey.get(key.toLowerCase());
    if (earlier !== undefined) throw idempotencyError(earlier.id);
    const writes = isCollection(request)
      ? this.#batchOf(request)
      : [this.#environment.records.taskOf(request)];
    const job: Job = {
      id: String(FIRST_JOB_ID + this.#jobs.size),
      idempotencyKey: key === null ? null : key.toLowerCase(),
      dueMs: this.#environment.nowMs() + this.#environment.delayMs(),
      tasks: writes.map((write, index) => ({
        id: String(index + 1),
        write,
        isFailing: failingPlaces.includes(index),
        answer: null,
        startMs: 0,
        endMs: 0,
      })),
    };
    this.#keep(job);
    this.#environment.stateFile?.append("job", job);
    this.#schedule(job);
    return { status: 202, headers: { "preference-applied": "respond-async", location: locationOf(job.id) } };
  }

  /** Does all jobs that wait. */
  runAll(): void {
    for (const job of this.#jobs.values()) if (!isCompleted(job)) this.#run(job);
  }

  /** /async/v1/job/… */
  answer(request: ApiRequest): Answer {
    if (request.method !== "GET") throw methodNotAllowed(request.method);
    const [, , word, jobId = "", tasks, taskId, result] = request.path;
    const job = this.#jobs.get(jobId);
    const url = `/services/rest/${request.path.join("/")}`;
    if (word !== "job" || job === undefined || (tasks !== undefined && tasks !== "task"))
      throw noSuchInstance(url);
    const own = `${request.baseUrl}/async/v1/job/${job.id}`;
    if (tasks === undefined) return json(jobBody(job, own));
    if (taskId === undefined)
      return json(
        collectionBody(
          job.tasks.map((each) => taskBody(each, own)),
          pageOf(request),
          request,
        ),
      );
    const task = job.tasks.find(({ id }) => id === taskId);
    if (task === undefined || (result !== undefined && result !== "result")) throw noSuchInstance(url);
    if (result === undefined) return json(taskBody(task, own));
    if (task.answer === null) throw noSuchInstance(url);
    return task.answer;
  }

  /** The records of a batch; of PUT each with the external id that says which one it is. */
  #batchOf(request: ApiRequest): WriteTask[] {
    const [, , recordType = "", instance] = request.path;
    if (instance !== undefined) throw methodNotAllowed(request.method);
    if (!["POST", "PUT", "PATCH"].includes(request.method)) throw methodNotAllowed(request.method);
    this.#environment.records.writable(recordType);
    const body = bodyOf(request);
    const items = isObject(body) ? body["items"] : undefined;
    if (!Array.isArray(items))
      throw invalidContent("A batch must be an object with the property items.", "items");
    if (items.length === 0 || items.length > MAX_BATCH)
      throw invalidContent(`A batch must have between 1 and ${MAX_BATCH} items.`, "items");
    const names = nameValidation(request);
    const replaced = (request.query.get("replace") ?? "").split(",").filter((name) => name !== "");
    return items.map((item: unknown, index) => {
      const externalId = isObject(item) ? item["externalId"] : undefined;
      if (request.method !== "POST" && typeof externalId !== "string")
        throw invalidContent("An item of this batch needs an externalId.", `items[${index}].externalId`);
      const instance = request.method === "POST" ? null : `eid:${String(externalId)}`;
      const { method, baseUrl } = request;
      return { recordType, method, instance, body: item, names, replaced, baseUrl };
    });
  }

  #keep(job: Job): void {
    this.#jobs.set(job.id, job);
    if (job.idempotencyKey !== null) this.#byKey.set(job.idempotencyKey, job);
  }

  #schedule(job: Job): void {
    if (isCompleted(job)) return;
    const timer = setTimeout(
      () => {
        this.#run(job);
      },
      Math.max(0, job.dueMs - this.#environment.nowMs()),
    );
    this.#environment.signal.addEventListener("abort", () => {
      clearTimeout(timer);
    });
  }

  /** The tasks of a batch run beside each other: in no order that could be relied on. */
  #run(job: Job): void {
    const { random, nowMs, records, stateFile } = this.#environment;
    const order = job.tasks
      .filter(({ answer }) => answer === null)
      .map((task) => ({ task, at: random() }))
      .sort((one, other) => one.at - other.at);
    for (const { task } of order) {
      task.startMs = nowMs();
      try {
        if (task.isFailing) throw unexpectedError(500);
        task.answer = records.write(task.write);
      } catch (error) {
        if (!(error instanceof NetSuiteError)) throw error;
        task.answer = { status: error.status, headers: {}, body: errorBody(error) };
      }
      task.endMs = nowMs();
    }
    stateFile?.append("job", job);
  }
}

function locationOf(jobId: string): string {
  // Without the host, as NetSuite's help shows it.
  return `/services/rest/async/v1/job/${jobId}`;
}

function isCompleted(job: Job): boolean {
  return job.tasks.every(({ answer }) => answer !== null);
}

function isFailed({ answer }: Task): boolean {
  return answer !== null && answer.status >= 400;
}

function jobBody(job: Job, url: string): object {
  const progress = !isCompleted(job) ? "pending" : job.tasks.some(isFailed) ? "failed" : "succeeded";
  return {
    links: [{ rel: "self", href: url }],
    completed: isCompleted(job),
    id: job.id,
    progress,
    task: { links: [{ rel: "self", href: `${url}/task` }] },
  };
}

function taskBody(task: Task, jobUrl: string): object {
  const url = `${jobUrl}/task/${task.id}`;
  const isDone = task.answer !== null;
  return {
    links: [...(isDone ? [{ rel: "related", href: `${url}/result` }] : []), { rel: "self", href: url }],
    completed: isDone,
    id: task.id,
    progress: !isDone ? "pending" : isFailed(task) ? "failed" : "succeeded",
    ...(isDone
      ? { startTime: new Date(task.startMs).toISOString(), endTime: new Date(task.endMs).toISOString() }
      : {}),
  };
}

function json(body: object): Answer {
  return { status: 200, headers: { "content-type": "application/json" }, body };
}

/** A key that was used: the first job is named, whatever the second request wants. */
function idempotencyError(jobId: string): NetSuiteError {
  const detail =
    'A request with the same idempotency key is already submitted. See the "Location" header for a link to the previously submitted job';
  return new NetSuiteError(400, [{ detail, code: "IDEMPOTENCY_ERROR" }], {
    title: "Conflict",
    headers: { "preference-applied": "respond-async", location: locationOf(jobId) },
  });
}
