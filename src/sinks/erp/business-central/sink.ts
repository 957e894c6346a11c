import type { Dispatcher } from "undici";
import type { Clock } from "../../../model/clock.ts";
import type { MappedReferences, PostingCommand, PostingKind } from "../../../model/posting.ts";
import { callsWithin, type WithinDeadline } from "../common/deadline.ts";
import { entraAuthentication } from "../common/entra-authentication.ts";
import { HttpClient } from "../common/http-client.ts";
import type { ChangeNotifications } from "../change-notifications.ts";
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
import { check } from "./check.ts";
import { BusinessCentralClient } from "./client.ts";
import type { BusinessCentralOptions, WebhookOptions } from "./configuration.ts";
import { businessCentralDescription } from "./description.ts";
import { MAX_CONCURRENCY, MAX_READ_BACK } from "./limits.ts";
import { lookUp } from "./look-up.ts";
import { businessCentralPlan, type PlanSettings } from "./plan.ts";
import { planCommand } from "./plan-command.ts";
import { receiveNotification } from "./notifications.ts";
import { readBack } from "./read-back.ts";
import { scan } from "./scan.ts";
import { submit } from "./submit.ts";
import { keepSubscribed, unsubscribe, withoutSecret } from "./subscriptions.ts";

/** Microsoft Dynamics 365 Business Central by its API v2.0. See docs/erp/business-central.md. */
export class BusinessCentralSink implements ErpSink {
  readonly description = businessCentralDescription;
  readonly maxReadBack = MAX_READ_BACK;
  readonly requestDeadlineMs: number;
  readonly settleDelayMs: number;
  readonly notifications: ChangeNotifications | undefined;
  readonly #settings: PlanSettings;
  readonly #webhook: WebhookOptions | undefined;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #within: WithinDeadline;
  readonly #http: HttpClient;
  readonly #client: BusinessCentralClient;

  constructor(
    options: BusinessCentralOptions,
    { prefix, clock, onRequest }: ErpSinkEnvironment,
    /** For tests. */
    dispatcher?: Dispatcher,
  ) {
    const { base, deadlineMs } = options;
    this.requestDeadlineMs = deadlineMs;
    this.#within = callsWithin(deadlineMs);
    this.settleDelayMs = options.settleDelayMs;
    this.#settings = options.documents;
    this.#webhook = options.webhook;
    this.#prefix = prefix;
    this.#clock = clock;
    const http = new HttpClient({
      connections: MAX_CONCURRENCY,
      deadlineMs,
      ...(dispatcher !== undefined && { dispatcher }),
    });
    this.#http = http;
    const authentication = entraAuthentication(options, { http, clock });
    this.#client = new BusinessCentralClient({ base, authentication, http, clock, onRequest });
    this.notifications = options.webhook === undefined ? undefined : this.#notificationsOf(options.webhook);
  }

  plan(command: PostingCommand): PlannedPosting {
    return planCommand(command, { prefix: this.#prefix, settings: this.#settings });
  }

  lookUp(plan: PlannedPosting, context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) => lookUp(this.#client, businessCentralPlan(plan), signal));
  }

  submit(plan: PlannedPosting, context: RequestContext): Promise<SubmitAnswer> {
    return this.#within(context, (signal) => submit(this.#client, businessCentralPlan(plan), signal));
  }

  /** Nothing is ever accepted without being done. */
  poll(): Promise<PollAnswer> {
    return Promise.reject(
      new ErpFault("version-conflict", "Business Central posts at once: nothing is polled"),
    );
  }

  readBack(plans: readonly PlannedPosting[], context: RequestContext): Promise<readonly FoundDocument[]> {
    return this.#within(context, (signal) => readBack(this.#client, plans.map(businessCentralPlan), signal));
  }

  scan(sinceDate: string, context: RequestContext): AsyncIterable<readonly ScannedRecord[]> {
    const where = { companies: this.#settings.companies, prefix: this.#prefix };
    return scan(this.#client, where, sinceDate, (readPage) => this.#within(context, readPage));
  }

  check(
    commandKinds: readonly PostingKind[],
    context: RequestContext,
    references: MappedReferences = {},
  ): Promise<readonly ConnectionFinding[]> {
    const today = new Date(this.#clock.nowMs()).toISOString().slice(0, "YYYY-MM-DD".length);
    return this.#within(context, (signal) =>
      check(this.#client, {
        settings: this.#settings,
        kinds: commandKinds,
        references,
        webhook: this.#webhook,
        today,
        signal,
      }),
    );
  }

  #notificationsOf(webhook: WebhookOptions): ChangeNotifications {
    const parts = { client: this.#client, webhook, companies: this.#settings.companies };
    const { clientState, isActive } = webhook;
    return {
      isWanted: isActive,
      hasCredential: true,
      keepSubscribed: (context) =>
        this.#within(context, (signal) =>
          withoutSecret(clientState, () => keepSubscribed(parts, { nowMs: this.#clock.nowMs(), signal })),
        ),
      unsubscribe: (context) =>
        this.#within(context, (signal) => withoutSecret(clientState, () => unsubscribe(parts, signal))),
      receive: (request) => receiveNotification(request, clientState),
    };
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}
