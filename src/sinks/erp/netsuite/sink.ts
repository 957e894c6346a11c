import type { Dispatcher } from "undici";
import type { MappedReferences, PostingCommand, PostingKind } from "../../../model/posting.ts";
import { callsWithin, type WithinDeadline } from "../common/deadline.ts";
import { HttpClient } from "../common/http-client.ts";
import type {
  AcceptedPosting,
  BatchAnswer,
  BatchContext,
  BatchPollAnswer,
  ConnectionFinding,
  ErpSink,
  ErpSinkEnvironment,
  FoundDocument,
  PlannedPosting,
  PollAnswer,
  RequestContext,
  ScannedRecord,
  SubmitAnswer,
} from "../erp-sink.ts";
import { originOf } from "./account.ts";
import { AsynchronousPosting, isBatchable, jobOf } from "./asynchronous.ts";
import type { Authentication } from "../common/authentication.ts";
import { check } from "./check.ts";
import { NetsuiteClient } from "./client.ts";
import type { NetsuiteOptions } from "./configuration.ts";
import { externalIdPrefix } from "./external-id.ts";
import { netsuiteDescription } from "./description.ts";
import { MAX_BATCH_RECORDS, MAX_CONCURRENCY, MAX_READ_BACK } from "./limits.ts";
import { lookUp } from "./look-up.ts";
import { MachineAuthentication } from "./machine-authentication.ts";
import { netsuitePlan, type PlanSettings } from "./plan.ts";
import { planCommand } from "./plan-command.ts";
import { readBack } from "./read-back.ts";
import { scan } from "./scan.ts";
import { submit } from "./submit.ts";
import { TokenAuthentication } from "./token-authentication.ts";

/** Oracle NetSuite by its REST services (SuiteTalk). See docs/erp/netsuite.md. */
export class NetsuiteSink implements ErpSink {
  readonly description = netsuiteDescription;
  readonly maxReadBack = MAX_READ_BACK;
  readonly maxBatch: number;
  readonly requestDeadlineMs: number;
  readonly settleDelayMs: number;
  readonly #settings: PlanSettings;
  readonly #prefix: string;
  readonly #within: WithinDeadline;
  readonly #http: HttpClient;
  readonly #client: NetsuiteClient;
  readonly #asynchronous: AsynchronousPosting;
  readonly #isAsynchronous: boolean;

  constructor(
    options: NetsuiteOptions,
    { prefix, clock, random, onRequest }: ErpSinkEnvironment,
    /** For tests. */
    dispatcher?: Dispatcher,
  ) {
    const { account, authentication, deadlineMs } = options;
    this.requestDeadlineMs = deadlineMs;
    this.#within = callsWithin(deadlineMs);
    this.settleDelayMs = options.settleDelayMs;
    this.#settings = options.documents;
    this.#prefix = externalIdPrefix(prefix);
    this.#http = new HttpClient({
      // How many are used at once is the runner's decision.
      connections: MAX_CONCURRENCY,
      deadlineMs,
      ...(dispatcher !== undefined && { dispatcher }),
    });
    const http = this.#http;
    const origin = options.url ?? originOf(account);
    const way: Authentication =
      authentication.kind === "token"
        ? new TokenAuthentication({ account, ...authentication }, clock, random)
        : new MachineAuthentication(authentication, { origin, http, clock });
    this.#client = new NetsuiteClient({ origin, authentication: way, http, clock, onRequest });
    // Documents that were accepted before the setting was turned off are polled all the same.
    this.#asynchronous = new AsynchronousPosting(this.#client, clock);
    this.#isAsynchronous = options.isAsynchronous;
    this.maxBatch = options.isAsynchronous ? MAX_BATCH_RECORDS : 1;
  }

  plan(command: PostingCommand): PlannedPosting {
    return planCommand(command, { prefix: this.#prefix, settings: this.#settings });
  }

  async lookUp(plan: PlannedPosting, context: RequestContext): Promise<readonly FoundDocument[]> {
    const found = await this.#within(context, (signal) => lookUp(this.#client, netsuitePlan(plan), signal));
    return found === undefined ? [] : [found];
  }

  submit(plan: PlannedPosting, context: RequestContext): Promise<SubmitAnswer> {
    return this.#within(context, (signal) =>
      this.#isAsynchronous
        ? this.#asynchronous.submit(netsuitePlan(plan), context.attempt, signal)
        : submit(this.#client, netsuitePlan(plan), signal),
    );
  }

  isBatchable(plan: PlannedPosting): boolean {
    return this.#isAsynchronous && isBatchable(netsuitePlan(plan));
  }

  submitBatch(plans: readonly PlannedPosting[], context: BatchContext): Promise<readonly BatchAnswer[]> {
    return this.#within(context, (signal) =>
      this.#asynchronous.submitBatch(plans.map(netsuitePlan), context.attempt, signal),
    );
  }

  poll(plan: PlannedPosting, handle: string, context: RequestContext): Promise<PollAnswer> {
    return this.#within(context, (signal) => this.#asynchronous.poll(netsuitePlan(plan), handle, signal));
  }

  jobOf(handle: string): string | null {
    return jobOf(handle);
  }

  pollBatch(
    accepted: readonly AcceptedPosting[],
    context: RequestContext,
  ): Promise<readonly BatchPollAnswer[]> {
    const asked = accepted.map(({ plan, handle }) => ({ plan: netsuitePlan(plan), handle }));
    return this.#within(context, (signal) => this.#asynchronous.pollBatch(asked, signal));
  }

  readBack(plans: readonly PlannedPosting[], context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) => readBack(this.#client, plans.map(netsuitePlan), signal));
  }

  scan(sinceDate: string, context: RequestContext): AsyncIterable<readonly ScannedRecord[]> {
    return scan(this.#client, this.#prefix, sinceDate, (readPage) => this.#within(context, readPage));
  }

  check(
    commandKinds: readonly PostingKind[],
    context: RequestContext,
    references: MappedReferences = {},
  ): Promise<readonly ConnectionFinding[]> {
    return this.#within(context, (signal) => check(this.#client, commandKinds, references, signal));
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}
