import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { LegacyDropConsumer, type AckFault } from "../../simulators/legacy-drop/consumer.ts";
import type { Fault } from "../../simulators/netsuite/control-commands.ts";
import type { LedgerRecord } from "../../simulators/netsuite/ledger.ts";
import { NetSuiteSimulator } from "../../simulators/netsuite/simulator.ts";
import { WebhookReceiver, type ReceiverFault } from "../../simulators/webhook/receiver.ts";
import { Random } from "../worker/random.ts";
import { machineClient } from "./machine-client.ts";
import { cents, PREFIX, type DocumentFigures, type PostedConnection } from "./posted-month.ts";

/** A document of the drop and one of the webhook that are refused for good. */
export const REFUSED_BY_DROP = "invoice:north:N-000001";
export const REFUSED_BY_HOOK = "invoice:south:S-000001";
const REFUSED_BY_HOOK_ID = `${encodeURIComponent(`${PREFIX}${REFUSED_BY_HOOK}`)}_`;

/** Shares of what goes wrong. */
const LOST = 0.05;
const SERVER_ERRORS = 0.05;
const STORMS = 0.005;
const TOKEN_ENDS = 0.01;
const REPEATED = 0.02;
const STORM_MS = 300;
const LOOK_INTERVAL_MS = 50;

/** Deadlines are short, since what is lost is waited for; the lease too, since workers are killed. */
const POSTING = {
  lease: "5s",
  first_poll: "300ms",
  recheck: "1s",
  payment_interval: "1h",
  scan_interval: "1h",
};

const ISO_CODES: Readonly<Record<string, string>> = { "1": "USD", "2": "GBP", "4": "EUR" };

/** Four ERPs: NetSuite called directly and by jobs, a folder of files, a receiver of webhooks; each can be made to fail. */
export class ErpLandscape {
  readonly netsuite: NetSuiteSimulator;
  readonly jobs: NetSuiteSimulator;
  readonly drop: LegacyDropConsumer;
  readonly hook: WebhookReceiver;
  /** Whatever must be found nowhere else. */
  readonly secrets: readonly string[];
  readonly keyFile: string;
  readonly #authentication: Readonly<Record<string, string>>;
  readonly #hookSecret: string;
  readonly #bearer: string;
  readonly #dropFolder: string;
  readonly #random: Random;
  #isFailing = false;
  #refuses = true;

  private constructor(
    folder: string,
    client: ReturnType<typeof machineClient>,
    accounts: readonly [NetSuiteSimulator, NetSuiteSimulator],
    hook: { readonly receiver: WebhookReceiver; readonly secret: string },
    seed: number,
  ) {
    [this.netsuite, this.jobs] = accounts;
    this.#random = new Random(seed);
    this.#authentication = client.settings;
    this.keyFile = client.keyFile;
    this.hook = hook.receiver;
    this.hook.faultOf = (id) => this.#hookFault(id);
    this.#hookSecret = hook.secret;
    this.#bearer = randomBytes(18).toString("base64url");
    this.#dropFolder = join(folder, "drop");
    this.drop = new LegacyDropConsumer({
      folder: this.#dropFolder,
      ackFaultOf: (fileId) => this.#ackFault(fileId),
    });
    this.drop.rejects.set(`${PREFIX}${REFUSED_BY_DROP}`, {
      code: "BAD-DATA",
      msg: "the cost centre is unknown",
    });
    this.drop.start(LOOK_INTERVAL_MS);
    const keyLines = client.privateKey.split("\n").filter((line) => line !== "" && !line.startsWith("-"));
    this.secrets = [...keyLines, hook.secret, hook.secret.slice("whsec_".length), this.#bearer];
  }

  static async start(folder: string, seed: number): Promise<ErpLandscape> {
    const client = machineClient(folder);
    const secret = `whsec_${randomBytes(32).toString("base64")}`;
    const accounts = [
      await NetSuiteSimulator.start({ machine: client.account, seed }),
      await NetSuiteSimulator.start({ machine: client.account, seed: seed + 1, asyncDelayMs: 100 }),
    ] as const;
    const receiver = await WebhookReceiver.start({ secrets: [secret] });
    return new ErpLandscape(folder, client, accounts, { receiver, secret }, seed);
  }

  async close(): Promise<void> {
    this.drop.stop();
    await Promise.all([this.netsuite.close(), this.jobs.close(), this.hook.close()]);
  }

  /** The connections as the catalog has them. */
  static readonly catalog: readonly PostedConnection[] = [
    { key: "netsuite", adapter: "netsuite" },
    { key: "jobs", adapter: "netsuite" },
    { key: "drop", adapter: "file" },
    { key: "hook", adapter: "http" },
  ];

  /** How a worker reaches them. */
  settings(): Readonly<Record<string, unknown>> {
    const account = (url: string, asynchronous: boolean): unknown => ({
      adapter: "netsuite",
      account: "1234567_SB1",
      url,
      authentication: this.#authentication,
      deadline: "2s",
      settle_delay: "300ms",
      asynchronous,
      posting: POSTING,
    });
    return {
      netsuite: account(this.netsuite.url, false),
      jobs: account(this.jobs.url, true),
      drop: {
        adapter: "file",
        format: "csv",
        path: this.#dropFolder,
        deadline: "2s",
        acknowledgement_deadline: "2s",
        posting: POSTING,
      },
      hook: {
        adapter: "http",
        url: this.hook.url,
        secret: this.#hookSecret,
        bearer_token: this.#bearer,
        deadline: "2s",
        settle_delay: "300ms",
        posting: POSTING,
      },
    };
  }

  /** Lost answers, errors, storms, tokens that end, answers to files that don't come, and what is refused for good. */
  beginFaults(closedMonth: string): void {
    this.#isFailing = true;
    const faults: readonly (readonly [Fault, number])[] = [
      [{ kind: "token-expiry" }, TOKEN_ENDS],
      [{ kind: "throttle-storm", ms: STORM_MS }, STORMS],
      [{ kind: "lost-after-commit" }, LOST],
      [{ kind: "server-error", status: 503 }, SERVER_ERRORS / 2],
      [{ kind: "server-error-after-commit", status: 500 }, SERVER_ERRORS / 2],
      [{ kind: "duplicate-delivery" }, REPEATED],
    ];
    for (const simulator of [this.netsuite, this.jobs]) {
      for (const [fault, rate] of faults) simulator.fault(fault, { rate });
      simulator.control({ do: "deactivate", type: "nonInventorySaleItem", id: "88" });
      simulator.control({ do: "close-period", period: closedMonth });
    }
  }

  /** What was refused for good is taken from now on, and nothing fails any more. */
  endFaults(closedMonth: string): void {
    this.#isFailing = false;
    this.#refuses = false;
    this.drop.rejects.clear();
    for (const simulator of [this.netsuite, this.jobs]) {
      simulator.control({ do: "clear-faults" });
      simulator.control({ do: "open-period", period: closedMonth });
    }
  }

  /** Every invoice and credit memo that an ERP has, one for each copy. */
  documents(connection: string): readonly DocumentFigures[] {
    if (connection === "drop") return this.#dropDocuments();
    if (connection === "hook") return this.#hookDocuments();
    const { records } = (connection === "netsuite" ? this.netsuite : this.jobs).ledger();
    return records.filter(({ type }) => type === "invoice" || type === "creditMemo").map(netsuiteFigures);
  }

  /** Keys of the journals that an ERP has, one for each copy; what reverses one by itself is not among them. */
  journals(connection: string): readonly string[] {
    if (connection === "drop")
      return [...this.drop.booked]
        .filter(([, { document }]) => document.kind === "journal")
        .map(([key]) => key);
    if (connection === "hook") return this.#hookBodies("tributary.posting.journal").map(({ key }) => key);
    const { records } = (connection === "netsuite" ? this.netsuite : this.jobs).ledger();
    return records
      .filter(({ type, reversalOf }) => type === "journalEntry" && reversalOf === null)
      .map(({ externalId }) => String(externalId));
  }

  #dropDocuments(): DocumentFigures[] {
    return [...this.drop.booked.values()]
      .filter(({ document: { kind } }) => kind === "invoice" || kind === "credit-memo")
      .map(({ document, currency }) => ({
        number: document.number,
        currency: currency ?? "",
        tax: cents(document.tax),
        total: cents(document.net) + cents(document.tax),
        lines: document.lines.map(({ net }) => cents(net)),
      }));
  }

  #hookDocuments(): DocumentFigures[] {
    const bodies = [
      ...this.#hookBodies("tributary.posting.invoice"),
      ...this.#hookBodies("tributary.posting.credit-memo"),
    ];
    return bodies.map(({ document: { number, currency, tax, total, lines } }) => ({
      number,
      currency,
      tax: cents(tax),
      total: cents(total),
      lines: lines.map(({ net }) => cents(net)),
    }));
  }

  #hookBodies(type: string): HookBody[] {
    return [...this.hook.messages.values()]
      .map(({ body }): HookBody => JSON.parse(JSON.stringify(body)))
      .filter((body) => body.type === type);
  }

  #hookFault(id: string): ReceiverFault | undefined {
    if (this.#refuses && id.startsWith(REFUSED_BY_HOOK_ID)) return { kind: "status", status: 422 };
    if (!this.#isFailing) return undefined;
    if (this.#random.chance(LOST)) return { kind: "lost-after" };
    if (this.#random.chance(SERVER_ERRORS)) return { kind: "status", status: 500 };
    if (this.#random.chance(STORMS)) return { kind: "status", status: 429, retryAfterSeconds: 1 };
    return undefined;
  }

  #ackFault(fileId: string): AckFault | undefined {
    if (!this.#isFailing) return undefined;
    if (this.#random.chance(REPEATED)) this.drop.redeliver(fileId);
    if (this.#random.chance(LOST)) return "withheld";
    return this.#random.chance(LOST) ? "torn" : undefined;
  }
}

interface HookBody {
  readonly type: string;
  readonly key: string;
  readonly document: {
    readonly number: string;
    readonly currency: string;
    readonly tax: string;
    readonly total: string;
    readonly lines: readonly { readonly net: string }[];
  };
}

function netsuiteFigures({ fields, taxTotal, total, sublists }: LedgerRecord): DocumentFigures {
  return {
    number: String(fields["tranId"]),
    currency: ISO_CODES[String(fields["currency"])] ?? String(fields["currency"]),
    tax: cents(taxTotal),
    total: cents(total),
    lines: (sublists["item"] ?? []).map(({ amount }) => cents(String(amount))),
  };
}
