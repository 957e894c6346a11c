import { randomBytes } from "node:crypto";
import {
  WebhookReceiver,
  type ReceiverFault,
  type ReceiverRefusal,
} from "../../../simulators/webhook/receiver.ts";
import { cents, OTHER_ITEM, RARE_ITEM, type DocumentFigures } from "../posted-month.ts";
import { PlannedFaults } from "../planned-faults.ts";
import type {
  JournalFigures,
  MappingOptions,
  MappingRow,
  SimulatedErp,
  SimulatedErpKind,
  SimulatedErpOptions,
  SimulatedFault,
} from "../simulated-erp.ts";

/** The header Retry-After has whole seconds. */
const STORM_SECONDS = 1;
const SECRET_BYTES = 32;
const WRONG_SIGNATURE = "no signature is right";

/** A message's body as docs/erp/http.md has it. */
interface HookBody {
  readonly type: string;
  readonly externalId: string;
  readonly references: { readonly item?: Readonly<Record<string, { readonly id?: string }>> };
  readonly document: {
    readonly kind: string;
    readonly number?: string;
    readonly currency: string;
    readonly issueDate?: string;
    readonly date?: string;
    readonly tax: string;
    readonly total: string;
    readonly lines: readonly {
      readonly item?: string;
      readonly net: string;
      readonly debit?: string | null;
    }[];
  };
}

/** A service that takes documents as signed webhooks. */
export const httpErp: SimulatedErpKind = {
  connection: "hook",
  start: (options) => SimulatedReceiver.start(options),
};

class SimulatedReceiver implements SimulatedErp {
  readonly adapter = "http";
  readonly abilities = {
    credentials: true,
    tokens: false,
    periods: true,
    itemChecks: true,
    payments: false,
    readBack: false,
    lookUp: false,
    throttling: true,
  };
  readonly secrets: readonly string[];
  readonly secretFiles = [];
  readonly #receiver: WebhookReceiver;
  readonly #secret: string;
  readonly #bearer = randomBytes(18).toString("base64url");
  readonly #faults: PlannedFaults;
  readonly #nowMs: () => number;
  readonly #closedMonths = new Set<string>();
  readonly #refusedNumbers = new Set<string>();
  readonly #count = { total: 0, lost: 0, refused: 0 };
  #isRareBlocked = false;
  /** A test has changed the secret: signatures were wrong because of that. */
  #hasRefused = false;
  #stormUntilMs = 0;

  private constructor(receiver: WebhookReceiver, secret: string, { seed, nowMs }: SimulatedErpOptions) {
    this.#receiver = receiver;
    this.#secret = secret;
    this.#faults = new PlannedFaults(seed);
    this.#nowMs = nowMs ?? Date.now;
    this.secrets = [secret, secret.slice("whsec_".length), this.#bearer];
    receiver.faultOf = () => this.#faultOf();
    receiver.refusalOf = (body) => this.#refusalOf(bodyOf(body));
  }

  static async start(options: SimulatedErpOptions): Promise<SimulatedReceiver> {
    const secret = newSecret();
    const { nowMs } = options;
    const receiver = await WebhookReceiver.start({
      secrets: [secret],
      ...(nowMs === undefined ? {} : { nowMs }),
    });
    return new SimulatedReceiver(receiver, secret, options);
  }

  settings(): Readonly<Record<string, unknown>> {
    return {
      adapter: this.adapter,
      url: this.#receiver.url,
      secret: this.#secret,
      bearer_token: this.#bearer,
      deadline: "2s",
      settle_delay: "300ms",
    };
  }

  /** What has no row is the receiver's affair. */
  mapping({ otherItem = false }: MappingOptions = {}): readonly MappingRow[] {
    return [{ table: "item", key: "rare", values: { id: otherItem ? OTHER_ITEM : RARE_ITEM } }];
  }

  documents(): readonly DocumentFigures[] {
    return [...this.#bodies("invoice"), ...this.#bodies("credit-memo")].map(
      ({ document: { number, currency, tax, total, lines } }) => ({
        number: number ?? "",
        currency,
        tax: cents(tax),
        total: cents(total),
        lines: lines.map(({ net }) => cents(net)),
      }),
    );
  }

  journals(): readonly JournalFigures[] {
    return this.#bodies("journal").map(({ externalId, document: { currency, lines } }) => ({
      externalId,
      currency,
      debits: lines.reduce((sum, { debit }) => sum + cents(debit ?? "0"), 0n),
    }));
  }

  /** Each revision is a message of its own, by which the receiver brings the customer up to date. */
  customers(): readonly string[] {
    return [...new Set(this.#bodies("customer").map(({ externalId }) => externalId))];
  }

  fault(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void {
    if (fault === "token-expiry") throw new RangeError("a receiver of webhooks gives no tokens");
    this.#faults.add(fault, which);
  }

  clearFaults(): void {
    this.#faults.clear();
    this.#stormUntilMs = 0;
  }

  closePeriod(month: string): void {
    this.#closedMonths.add(month);
  }

  openPeriod(month: string): void {
    this.#closedMonths.delete(month);
  }

  blockRareItem(): void {
    this.#isRareBlocked = true;
  }

  refuse(number: string): void {
    this.#refusedNumbers.add(number);
  }

  acceptRefused(): void {
    this.#refusedNumbers.clear();
  }

  refuseCredentials(): void {
    this.#hasRefused = true;
    this.#receiver.changeSecrets([newSecret()]);
  }

  acceptCredentials(): void {
    this.#receiver.changeSecrets([this.#secret]);
  }

  pay(): void {
    throw new RangeError("a receiver of webhooks does not tell what is paid");
  }

  alter(): void {
    throw new RangeError("a receiver of webhooks can't be read back");
  }

  requests(): { readonly total: number; readonly lost: number; readonly refused: number } {
    return { ...this.#count };
  }

  wrongRequests(): readonly string[] {
    return this.#receiver.refusals.filter((reason) => !this.#hasRefused || reason !== WRONG_SIGNATURE);
  }

  async close(): Promise<void> {
    await this.#receiver.close();
  }

  #bodies(kind: string): readonly HookBody[] {
    return [...this.#receiver.messages.values()]
      .map(({ body }) => bodyOf(body))
      .filter(({ type }) => type === `tributary.posting.${kind}`);
  }

  #faultOf(): ReceiverFault | undefined {
    this.#count.total += 1;
    const throttled = { kind: "status", status: 429, retryAfterSeconds: STORM_SECONDS } as const;
    if (this.#nowMs() < this.#stormUntilMs) {
      this.#count.refused += 1;
      return throttled;
    }
    switch (this.#faults.next()) {
      case "lost-after-commit":
        this.#count.lost += 1;
        return { kind: "lost-after" };
      case "lost-before-commit":
        this.#count.lost += 1;
        return { kind: "lost-before" };
      case "unavailable":
        return { kind: "status", status: 503, retryAfterSeconds: STORM_SECONDS };
      case "error-after-commit":
        return { kind: "status-after", status: 500 };
      case "throttle-storm":
        this.#stormUntilMs = this.#nowMs() + STORM_SECONDS * 1_000;
        this.#count.refused += 1;
        return throttled;
      case "duplicate-delivery":
        return { kind: "repeated" };
      case "token-expiry":
      case undefined:
        break;
    }
    return undefined;
  }

  #refusalOf({ document, references }: HookBody): ReceiverRefusal | undefined {
    const date = document.issueDate ?? document.date ?? "";
    if (this.#refusedNumbers.has(document.number ?? ""))
      return { kind: "validation", code: "BAD-DATA", message: "the cost centre is unknown" };
    if (this.#closedMonths.has(date.slice(0, "2026-06".length)))
      return { kind: "period-closed", code: "PERIOD-CLOSED", message: "the period is closed" };
    if (this.#isRareBlocked && references.item?.["rare"]?.id === RARE_ITEM)
      return { kind: "mapping", code: "NO-SUCH-ITEM", message: "the item can't be used" };
    return undefined;
  }
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
}

function bodyOf(body: unknown): HookBody {
  const read: HookBody = JSON.parse(JSON.stringify(body));
  return read;
}
