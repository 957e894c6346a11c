import type { Dispatcher } from "undici";
import type { MappedReferences, PostingCommand, PostingKind } from "../../../model/posting.ts";
import { callsWithin, type WithinDeadline } from "../common/deadline.ts";
import { HttpClient } from "../common/http-client.ts";
import {
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
import { check } from "./check.ts";
import { OracleClient } from "./client.ts";
import type { OracleFusionOptions } from "./configuration.ts";
import { CustomerDirectory } from "./customer-accounts.ts";
import { oracleFusionDescription } from "./description.ts";
import { externalIdPrefix } from "./external-id.ts";
import { MAX_CONCURRENCY, MAX_READ_BACK } from "./limits.ts";
import { lookUp } from "./look-up.ts";
import {
  isCustomerPlan,
  isJournalPlan,
  isTransactionPlan,
  oraclePlan,
  type OraclePlan,
  type PlanSettings,
} from "./plan.ts";
import { planCommand } from "./plan-command.ts";
import { readBack } from "./read-back.ts";
import { scan } from "./scan.ts";
import { submitCustomer } from "./submit-customer.ts";
import { pollJournal, submitJournal } from "./submit-journal.ts";
import { submitTransaction } from "./submit-transaction.ts";
import type { OracleTools } from "./tools.ts";

/** Oracle Fusion Cloud ERP by its REST and SOAP services and its file imports. See docs/erp/oracle-fusion.md. */
export class OracleFusionSink implements ErpSink {
  readonly description = oracleFusionDescription;
  readonly maxReadBack = MAX_READ_BACK;
  readonly requestDeadlineMs: number;
  readonly settleDelayMs: number;
  readonly #settings: PlanSettings;
  readonly #prefix: string;
  readonly #within: WithinDeadline;
  readonly #http: HttpClient;
  readonly #tools: OracleTools;

  constructor(
    { url, authentication, deadlineMs, settleDelayMs, documents, setup }: OracleFusionOptions,
    { prefix, clock, onRequest }: ErpSinkEnvironment,
    /** For tests. */
    dispatcher?: Dispatcher,
  ) {
    this.requestDeadlineMs = deadlineMs;
    this.#within = callsWithin(deadlineMs);
    this.settleDelayMs = settleDelayMs;
    this.#settings = documents;
    this.#prefix = externalIdPrefix(prefix);
    this.#http = new HttpClient({
      // How many are used at once is the runner's decision.
      connections: MAX_CONCURRENCY,
      deadlineMs,
      ...(dispatcher !== undefined && { dispatcher }),
    });
    const http = this.#http;
    const way = authenticationOf(authentication, { http, clock });
    const client = new OracleClient({ origin: url, authentication: way, http, clock, onRequest });
    this.#tools = { client, customers: new CustomerDirectory(client, setup.sourceSystem), options: setup };
  }

  plan(command: PostingCommand): PlannedPosting {
    return planCommand(command, { prefix: this.#prefix, settings: this.#settings });
  }

  lookUp(plan: PlannedPosting, context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) => lookUp(this.#tools, oraclePlan(plan), signal));
  }

  submit(plan: PlannedPosting, context: RequestContext): Promise<SubmitAnswer> {
    return this.#within(context, (signal) =>
      this.#submit(oraclePlan(plan), { signal, attempt: context.attempt }),
    );
  }

  async #submit(plan: OraclePlan, context: RequestContext): Promise<SubmitAnswer> {
    if (isCustomerPlan(plan)) return submitCustomer(this.#tools, plan, context.signal);
    if (isJournalPlan(plan)) return submitJournal(this.#tools, plan, context.signal);
    if (isTransactionPlan(plan)) return submitTransaction(this.#tools, plan, context);
    throw new TypeError("the plan is of no kind that is known");
  }

  poll(plan: PlannedPosting, handle: string, context: RequestContext): Promise<PollAnswer> {
    const journal = oraclePlan(plan);
    if (!isJournalPlan(journal))
      return Promise.reject(new ErpFault("validation", "only journals are worked on by Oracle itself"));
    return this.#within(context, (signal) => pollJournal(this.#tools, journal, handle, signal));
  }

  readBack(plans: readonly PlannedPosting[], context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) => readBack(this.#tools, plans.map(oraclePlan), signal));
  }

  scan(sinceDate: string, context: RequestContext): AsyncIterable<readonly ScannedRecord[]> {
    return scan(this.#tools.client, this.#prefix, sinceDate, (readPage) => this.#within(context, readPage));
  }

  check(
    commandKinds: readonly PostingKind[],
    context: RequestContext,
    references: MappedReferences = {},
  ): Promise<readonly ConnectionFinding[]> {
    return this.#within(context, (signal) => check(this.#tools, commandKinds, references, signal));
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}
