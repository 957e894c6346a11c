import type { Dispatcher } from "undici";
import type { Clock } from "../../../model/clock.ts";
import type { MappedReferences, PostingCommand, PostingKind } from "../../../model/posting.ts";
import { callsWithin, type WithinDeadline } from "../common/deadline.ts";
import { HttpClient } from "../common/http-client.ts";
import {
  type AcceptedPosting,
  type BatchAnswer,
  type BatchContext,
  type BatchPollAnswer,
  type ConnectionFinding,
  ErpFault,
  type ErpSink,
  type ErpSinkEnvironment,
  type FoundDocument,
  type PlannedPosting,
  type PollAnswer,
  type RequestContext,
  type ScannedRecord,
  type SubmitAnswer,
} from "../erp-sink.ts";
import { authenticationOf } from "./authentication.ts";
import { BILLING_JOB, pollRequests } from "./billing-requests/poll-requests.ts";
import { check } from "./check.ts";
import { SapClient } from "./client.ts";
import type { SapOptions } from "./configuration.ts";
import { sapS4hanaDescription } from "./description.ts";
import { externalIdPrefix } from "./external-id.ts";
import { MAX_CONNECTIONS, MAX_READ_BACK } from "./limits.ts";
import { lookUp, readAll } from "./look-up.ts";
import { type PlanSettings, sapPlan } from "./plan.ts";
import { planCommand } from "./plan-command.ts";
import { scan } from "./scan.ts";
import { submit, submitDocuments } from "./submit.ts";

/** SAP S/4HANA Cloud: documents by SOAP (Journal Entry – Post, or Billing Document Request – Create), customers and reading by OData. See docs/erp/sap-s4hana.md. */
export class SapSink implements ErpSink {
  readonly description = sapS4hanaDescription;
  readonly maxReadBack = MAX_READ_BACK;
  readonly maxBatch: number;
  readonly requestDeadlineMs: number;
  readonly settleDelayMs: number;
  readonly #settings: PlanSettings;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #within: WithinDeadline;
  readonly #http: HttpClient;
  readonly #client: SapClient;

  constructor(
    options: SapOptions,
    { prefix, clock, onRequest }: ErpSinkEnvironment,
    /** For tests. */
    dispatcher?: Dispatcher,
  ) {
    const { url: origin, authentication, deadlineMs } = options;
    this.requestDeadlineMs = deadlineMs;
    this.#within = callsWithin(deadlineMs);
    this.settleDelayMs = options.settleDelayMs;
    this.maxBatch = options.batchEntries;
    this.#settings = options.documents;
    this.#prefix = prefix;
    this.#clock = clock;
    this.#http = new HttpClient({
      connections: MAX_CONNECTIONS,
      deadlineMs,
      ...(authentication.kind === "certificate" && { clientCertificate: authentication }),
      ...(dispatcher !== undefined && { dispatcher }),
    });
    const http = this.#http;
    this.#client = new SapClient({
      origin,
      authentication: authenticationOf(authentication, { origin, http, clock }),
      http,
      clock,
      onRequest,
    });
  }

  plan(command: PostingCommand): PlannedPosting {
    return planCommand(command, { prefix: this.#prefix, settings: this.#settings });
  }

  lookUp(plan: PlannedPosting, context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) => lookUp(this.#client, sapPlan(plan), signal));
  }

  submit(plan: PlannedPosting, context: RequestContext): Promise<SubmitAnswer> {
    return this.#within(context, (signal) =>
      submit(this.#client, sapPlan(plan), context.attempt, this.#clock.nowMs(), signal),
    );
  }

  isBatchable(plan: PlannedPosting): boolean {
    const { kind } = sapPlan(plan).request;
    return kind === "journal-entry" || kind === "billing-document-request";
  }

  submitBatch(plans: readonly PlannedPosting[], context: BatchContext): Promise<readonly BatchAnswer[]> {
    return this.#within(context, (signal) =>
      submitDocuments(this.#client, plans.map(sapPlan), context.attempts, this.#clock.nowMs(), signal),
    );
  }

  /** Journal entries are posted, or refused, while they are sent; requests wait for SAP's job. */
  async poll(plan: PlannedPosting, handle: string, context: RequestContext): Promise<PollAnswer> {
    const [answer] = await this.pollBatch([{ plan, handle }], context);
    if (answer === undefined || answer.status === "failed")
      throw answer?.fault ?? new ErpFault("unknown", "SAP's answer doesn't say what became of the document");
    return answer;
  }

  jobOf(): string {
    return BILLING_JOB;
  }

  pollBatch(
    accepted: readonly AcceptedPosting[],
    context: RequestContext,
  ): Promise<readonly BatchPollAnswer[]> {
    const { billing } = this.#settings;
    if (billing === null) return Promise.reject(new ErpFault("validation", "SAP has no document under way"));
    return this.#within(context, (signal) =>
      pollRequests(this.#client, accepted, { nowMs: this.#clock.nowMs(), deadlines: billing }, signal),
    );
  }

  readBack(plans: readonly PlannedPosting[], context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) =>
      readAll(this.#client, "read-documents", plans.map(sapPlan), signal),
    );
  }

  scan(sinceDate: string, context: RequestContext): AsyncIterable<readonly ScannedRecord[]> {
    const prefix = externalIdPrefix(this.#prefix);
    return scan(this.#client, prefix, { sinceDate, settings: this.#settings }, (readPage) =>
      this.#within(context, readPage),
    );
  }

  check(
    commandKinds: readonly PostingKind[],
    context: RequestContext,
    references: MappedReferences = {},
  ): Promise<readonly ConnectionFinding[]> {
    return this.#within(context, (signal) =>
      check(this.#client, commandKinds, { references, settings: this.#settings }, signal),
    );
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}
