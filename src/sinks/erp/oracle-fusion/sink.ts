import type { Dispatcher } from "undici";
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
import { BusinessUnits } from "./business-units.ts";
import { check } from "./check.ts";
import { OracleClient } from "./client.ts";
import type { OracleFusionOptions } from "./configuration.ts";
import { CustomerDirectory } from "./customer-accounts.ts";
import { oracleFusionDescription } from "./description.ts";
import { externalIdPrefix } from "./external-id.ts";
import { ImportRegister } from "./import-register.ts";
import { LineRemoval } from "./interface-lines.ts";
import { MAX_CONCURRENCY, MAX_IMPORT_DOCUMENTS, MAX_READ_BACK } from "./limits.ts";
import { lookUp } from "./look-up.ts";
import {
  isCustomerPlan,
  isImported,
  isJournalPlan,
  isTransactionPlan,
  oraclePlan,
  type OraclePlan,
  type PlanSettings,
  type TransactionPlan,
} from "./plan.ts";
import { planCommand } from "./plan-command.ts";
import { importOf, pollImport } from "./poll-import.ts";
import { readBack } from "./read-back.ts";
import { scan } from "./scan.ts";
import { submitCustomer } from "./submit-customer.ts";
import { submitImport } from "./submit-import.ts";
import { pollJournal, submitJournal } from "./submit-journal.ts";
import { submitTransaction } from "./submit-transaction.ts";
import type { OracleTools } from "./tools.ts";

/** Oracle Fusion Cloud ERP by its REST and SOAP services and its file imports. See docs/erp/oracle-fusion.md. */
export class OracleFusionSink implements ErpSink {
  readonly description = oracleFusionDescription;
  readonly maxReadBack = MAX_READ_BACK;
  readonly maxBatch: number;
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
    this.maxBatch = documents.importsInvoices ? MAX_IMPORT_DOCUMENTS : 1;
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
    this.#tools = {
      client,
      customers: new CustomerDirectory(client, setup.sourceSystem),
      businessUnits: new BusinessUnits(client),
      imports: new ImportRegister(),
      removal: new LineRemoval(client),
      options: setup,
    };
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
    if (isTransactionPlan(plan))
      return isImported(plan)
        ? single(await submitImport(this.#tools, [plan], context.signal))
        : submitTransaction(this.#tools, plan, context);
    throw new TypeError("the plan is of no kind that is known");
  }

  isBatchable(plan: PlannedPosting): boolean {
    const read = oraclePlan(plan);
    return isTransactionPlan(read) && isImported(read);
  }

  submitBatch(plans: readonly PlannedPosting[], context: BatchContext): Promise<readonly BatchAnswer[]> {
    const transactions = plans.map(transactionPlan);
    return this.#within(context, (signal) => submitImport(this.#tools, transactions, signal));
  }

  /** Documents that were accepted before the setting was changed are polled all the same. */
  poll(plan: PlannedPosting, handle: string, context: RequestContext): Promise<PollAnswer> {
    const read = oraclePlan(plan);
    if (isCustomerPlan(read))
      return Promise.reject(new ErpFault("validation", "Oracle works on no customer by itself"));
    return this.#within(context, async (signal) =>
      isJournalPlan(read)
        ? pollJournal(this.#tools, read, handle, signal)
        : single(await pollImport(this.#tools, [{ plan: transactionPlan(read), handle }], signal)),
    );
  }

  jobOf(handle: string): string | null {
    return importOf(handle);
  }

  pollBatch(
    accepted: readonly AcceptedPosting[],
    context: RequestContext,
  ): Promise<readonly BatchPollAnswer[]> {
    const asked = accepted.map(({ plan, handle }) => ({ plan: transactionPlan(plan), handle }));
    return this.#within(context, (signal) => pollImport(this.#tools, asked, signal));
  }

  readBack(plans: readonly PlannedPosting[], context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) => readBack(this.#tools, plans.map(oraclePlan), signal));
  }

  scan(sinceDate: string, context: RequestContext): AsyncIterable<readonly ScannedRecord[]> {
    const { importsInvoices } = this.#settings;
    return scan(this.#tools.client, { prefix: this.#prefix, sinceDate, importsInvoices }, (readPage) =>
      this.#within(context, readPage),
    );
  }

  check(
    commandKinds: readonly PostingKind[],
    context: RequestContext,
    references: MappedReferences = {},
  ): Promise<readonly ConnectionFinding[]> {
    const { importsInvoices } = this.#settings;
    return this.#within(context, (signal) =>
      check(this.#tools, { kinds: commandKinds, references, importsInvoices }, signal),
    );
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}

function transactionPlan(plan: PlannedPosting): TransactionPlan {
  const read = oraclePlan(plan);
  if (isTransactionPlan(read)) return read;
  throw new ErpFault("validation", "only invoices and credit memos are sent together");
}

/** The answer of the only document that was asked about. */
function single(answers: readonly BatchAnswer[]): SubmitAnswer;
function single(answers: readonly BatchPollAnswer[]): PollAnswer;
function single([answer]: readonly BatchPollAnswer[]): PollAnswer {
  if (answer === undefined) throw new ErpFault("unknown", "no answer was found for the document");
  if (answer.status === "failed") throw answer.fault;
  return answer;
}
