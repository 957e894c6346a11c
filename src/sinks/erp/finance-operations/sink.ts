import type { Dispatcher } from "undici";
import type { Clock } from "../../../model/clock.ts";
import type { MappedReferences, PostingCommand, PostingKind } from "../../../model/posting.ts";
import { callsWithin, type WithinDeadline } from "../common/deadline.ts";
import { HttpClient } from "../common/http-client.ts";
import type {
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
import { authenticationOf } from "./authentication.ts";
import { check } from "./check.ts";
import { FinanceOperationsClient } from "./client.ts";
import type { FinanceOperationsOptions } from "./configuration.ts";
import { financeOperationsDescription } from "./description.ts";
import { externalIdPrefix } from "./external-id.ts";
import { MAX_CONCURRENCY, MAX_READ_BACK } from "./limits.ts";
import { lookUp } from "./look-up.ts";
import { financeOperationsPlan } from "./plan.ts";
import { planCommand } from "./plan-command.ts";
import { poll } from "./poll.ts";
import { readBack } from "./read-back.ts";
import { scan } from "./scan.ts";
import { submit } from "./submit.ts";

/** Microsoft Dynamics 365 Finance & Operations by its OData service. See docs/erp/finance-operations.md. */
export class FinanceOperationsSink implements ErpSink {
  readonly description = financeOperationsDescription;
  readonly maxReadBack = MAX_READ_BACK;
  readonly requestDeadlineMs: number;
  readonly settleDelayMs: number;
  readonly #options: FinanceOperationsOptions;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #within: WithinDeadline;
  readonly #http: HttpClient;
  readonly #client: FinanceOperationsClient;

  constructor(
    options: FinanceOperationsOptions,
    { prefix, clock, onRequest }: ErpSinkEnvironment,
    /** For tests. */
    dispatcher?: Dispatcher,
  ) {
    const { url: origin, deadlineMs } = options;
    this.#options = options;
    this.requestDeadlineMs = deadlineMs;
    this.#within = callsWithin(deadlineMs);
    this.settleDelayMs = options.settleDelayMs;
    this.#prefix = prefix;
    this.#clock = clock;
    this.#http = new HttpClient({
      // How many are used at once is the runner's decision.
      connections: MAX_CONCURRENCY,
      deadlineMs,
      ...(dispatcher !== undefined && { dispatcher }),
    });
    const http = this.#http;
    const authentication = authenticationOf(options.authentication, { http, clock });
    this.#client = new FinanceOperationsClient({ origin, authentication, http, clock, onRequest });
  }

  plan(command: PostingCommand): PlannedPosting {
    return planCommand(command, { prefix: this.#prefix, settings: this.#options.documents });
  }

  lookUp(plan: PlannedPosting, context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) => lookUp(this.#client, financeOperationsPlan(plan), signal));
  }

  submit(plan: PlannedPosting, context: RequestContext): Promise<SubmitAnswer> {
    return this.#within(context, (signal) =>
      submit(this.#client, financeOperationsPlan(plan), this.#clock.nowMs(), signal),
    );
  }

  poll(plan: PlannedPosting, handle: string, context: RequestContext): Promise<PollAnswer> {
    const { postingDeadlineMs } = this.#options;
    return this.#within(context, (signal) =>
      poll(this.#client, financeOperationsPlan(plan), {
        handle,
        nowMs: this.#clock.nowMs(),
        postingDeadlineMs,
        signal,
      }),
    );
  }

  readBack(plans: readonly PlannedPosting[], context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) =>
      readBack(this.#client, plans.map(financeOperationsPlan), signal),
    );
  }

  scan(sinceDate: string, context: RequestContext): AsyncIterable<readonly ScannedRecord[]> {
    const prefix = externalIdPrefix(this.#prefix);
    return scan(this.#client, prefix, sinceDate, (readPage) => this.#within(context, readPage));
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
