import type { Clock } from "../../../model/clock.ts";
import type { NetsuiteClient } from "./client.ts";
import { jobProgress, jobTasks } from "./jobs.ts";
import { MAX_REMEMBERED_JOBS } from "./limits.ts";
import type { NetsuitePlan } from "./plan.ts";
import { recordIds } from "./record-ids.ts";

/** Documents of one job ask about it one after the other: an answer holds for all that ask within this time. */
const PENDING_HOLDS_MS = 2_000;

interface WatchedJob {
  /** Documents that were sent with it, as far as this process knows. */
  readonly plans: readonly NetsuitePlan[];
  /** When its progress was asked for. */
  askedAtMs: number;
  isComplete: Promise<boolean> | undefined;
  tasks: Promise<readonly string[]> | undefined;
  ids: Promise<ReadonlyMap<string, string>> | undefined;
}

/** What is known of jobs, so that the documents of a batch cost a few requests together. Only a memory: without it more is asked. */
export class JobWatch {
  readonly #client: NetsuiteClient;
  readonly #clock: Clock;
  readonly #jobs = new Map<string, WatchedJob>();

  constructor(client: NetsuiteClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Remembers what was sent with a job. */
  sent(job: string, plans: readonly NetsuitePlan[]): void {
    this.#remember(job, plans);
  }

  isComplete(job: string, signal: AbortSignal): Promise<boolean> {
    const watched = this.#watched(job);
    const askedAtMs = this.#clock.monotonicMs();
    if (watched.isComplete !== undefined && askedAtMs - watched.askedAtMs < PENDING_HOLDS_MS)
      return watched.isComplete;
    watched.askedAtMs = askedAtMs;
    watched.isComplete = jobProgress(this.#client, job, signal).then(
      (progress) => {
        // What is complete stays so.
        if (progress !== "pending") watched.askedAtMs = Number.POSITIVE_INFINITY;
        return progress !== "pending";
      },
      (fault: unknown) => {
        watched.isComplete = undefined;
        throw fault;
      },
    );
    return watched.isComplete;
  }

  /** Id of the record of a plan of a complete job; undefined where NetSuite has none. */
  async recordId(job: string, plan: NetsuitePlan, signal: AbortSignal): Promise<string | undefined> {
    const watched = this.#watched(job);
    const isKnown = watched.plans.some(({ externalId }) => externalId === plan.externalId);
    if (!isKnown) return (await recordIds(this.#client, [plan], signal)).get(plan.externalId);
    watched.ids ??= recordIds(this.#client, watched.plans, signal).catch((fault: unknown) => {
      watched.ids = undefined;
      throw fault;
    });
    return (await watched.ids).get(plan.externalId);
  }

  /** Task of the record at a place of what was sent; undefined where there is none. */
  async task(job: string, position: number, signal: AbortSignal): Promise<string | undefined> {
    const watched = this.#watched(job);
    watched.tasks ??= jobTasks(this.#client, job, signal).catch((fault: unknown) => {
      watched.tasks = undefined;
      throw fault;
    });
    return (await watched.tasks)[position];
  }

  #watched(job: string): WatchedJob {
    return this.#jobs.get(job) ?? this.#remember(job, []);
  }

  #remember(job: string, plans: readonly NetsuitePlan[]): WatchedJob {
    const watched: WatchedJob = {
      plans,
      askedAtMs: Number.NEGATIVE_INFINITY,
      isComplete: undefined,
      tasks: undefined,
      ids: undefined,
    };
    this.#jobs.set(job, watched);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > MAX_REMEMBERED_JOBS && oldest !== undefined) this.#jobs.delete(oldest);
    return watched;
  }
}
