import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LEDGERS } from "../../../simulators/oracle-fusion/environment.ts";
import { OracleFusionSimulator } from "../../../simulators/oracle-fusion/simulator.ts";
import type { Transaction } from "../../../simulators/oracle-fusion/store.ts";
import { cents, type DocumentFigures } from "../posted-month.ts";
import type {
  ErpAbilities,
  JournalFigures,
  MappingOptions,
  MappingRow,
  SimulatedErp,
  SimulatedErpKind,
  SimulatedErpOptions,
  SimulatedFault,
} from "../simulated-erp.ts";
import { ALL_ABILITIES, SERVICE_FAULTS, anotherAmount, row, requestCounts } from "../simulated-service.ts";

const SCOPE = "urn:opc:resource:consumer::all";
const CLIENT = "client-7c41";
/** Long enough that an import is seen under way. */
const IMPORT_MS = 100;
/** Memo lines of the products. */
const RARE = "Rare";
const OTHER = "Usage";
/** A journal that reaches Oracle twice is booked twice: nothing of a request keeps it from that. Tests of the adapter see that it is found. */
const JOURNALS = "JournalImportLauncher";

/** An environment of Oracle Fusion Cloud ERP, whose invoices are made one by one. */
export const oracleFusionErp: SimulatedErpKind = {
  connection: "oracle-fusion",
  start: (options) => SimulatedOracleFusion.start(options, "rest"),
};

/** One whose invoices are imported, many at once. */
export const autoInvoiceErp: SimulatedErpKind = {
  connection: "autoinvoice",
  start: (options) => SimulatedOracleFusion.start(options, "autoinvoice"),
};

class SimulatedOracleFusion implements SimulatedErp {
  readonly adapter = "oracle-fusion";
  readonly abilities: ErpAbilities;
  readonly secrets: readonly string[];
  readonly secretFiles: readonly string[];
  readonly #simulator: OracleFusionSimulator;
  readonly #invoices: "rest" | "autoinvoice";

  private constructor(
    simulator: OracleFusionSimulator,
    secret: string,
    secretFile: string,
    invoices: "rest" | "autoinvoice",
  ) {
    this.#simulator = simulator;
    this.#invoices = invoices;
    this.abilities = { ...ALL_ABILITIES, accepts: invoices === "autoinvoice" };
    this.secrets = [secret];
    this.secretFiles = [secretFile];
  }

  static async start(
    { folder, seed, nowMs }: SimulatedErpOptions,
    invoices: "rest" | "autoinvoice",
  ): Promise<SimulatedOracleFusion> {
    const clientSecret = randomBytes(24).toString("base64url");
    const secretFile = join(folder, "oracle-client-secret");
    writeFileSync(secretFile, clientSecret, { mode: 0o600 });
    const simulator = await OracleFusionSimulator.start({
      credentials: { oauth: { clientId: CLIENT, clientSecret, scope: SCOPE } },
      seed,
      importDelayMs: IMPORT_MS,
      ...(nowMs === undefined ? {} : { nowMs }),
    });
    return new SimulatedOracleFusion(simulator, clientSecret, secretFile, invoices);
  }

  settings(): Readonly<Record<string, unknown>> {
    const [secretFile] = this.secretFiles;
    return {
      adapter: this.adapter,
      url: this.#simulator.url,
      authentication: {
        kind: "oauth",
        token_url: `${this.#simulator.url}/oauth2/v1/token`,
        client_id: CLIENT,
        client_secret_file: secretFile,
      },
      deadline: "2s",
      settle_delay: "300ms",
      default_country: "US",
      ...(this.#invoices === "autoinvoice" && { invoices: this.#invoices }),
    };
  }

  /** Rows as the simulated environment's lists have them. */
  mapping({ otherItem = false, hasForeignCurrency = true }: MappingOptions = {}): readonly MappingRow[] {
    const account = (role: string, value: string): MappingRow =>
      row("account", role, { combination: `01-000-${value}-0000` });
    return [
      row("legal_entity", "north", {
        business_unit: "North Operations",
        ledger_id: LEDGERS[0],
        ledger_currency: "USD",
        set_id: "300000011",
      }),
      row("legal_entity", "south", {
        business_unit: "South Operations",
        ledger_id: LEDGERS[1],
        ledger_currency: "EUR",
        set_id: "300000012",
      }),
      row("currency", "USD", { code: "USD" }),
      row("currency", "EUR", { code: "EUR" }),
      ...(hasForeignCurrency ? [row("currency", "GBP", { code: "GBP" })] : []),
      row("item", "rare", { memo_line: otherItem ? OTHER : RARE }),
      row("item", "credits", { memo_line: "Credits" }),
      row("item", "*", { memo_line: OTHER, combination: "01-000-4110-0000" }),
      row("tax", "US/CA:Sales tax:6", { regime: "US SALES TAX", rate_code: "CA-STATE" }),
      row("tax", "DE:VAT:19", { regime: "DE VAT", rate_code: "VAT19" }),
      account("receivable", "1210"),
      account("unbilled-receivable", "1220"),
      account("revenue", "4110"),
      account("adjustments", "4120"),
      account("deferred-revenue", "2410"),
      account("credits", "2420"),
      account("credits-granted", "4130"),
      account("credits-expired", "4110"),
      account("tax-payable", "2510"),
      row("terms", "30", { name: "30 Net" }),
    ];
  }

  documents(): readonly DocumentFigures[] {
    return this.#simulator
      .ledger()
      .transactions.filter(({ isComplete }) => isComplete)
      .map(figuresOf);
  }

  journals(): readonly JournalFigures[] {
    return this.#simulator.ledger().batches.map(({ name, description, currency, lines }) => ({
      externalId: name.split(" ", 1)[0] ?? "",
      currency,
      debits: lines.reduce((sum, { debit }) => sum + cents(debit ?? "0"), 0n),
      // The adapter says so in the description.
      isReversal: / \(reverses [^)]*\)$/.test(description),
    }));
  }

  customers(): readonly string[] {
    return this.#simulator.ledger().accounts.map(({ reference }) => String(reference));
  }

  /** A document is several requests: it is there, and its answer lost, when the last of them is. */
  fault(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void {
    this.#simulator.fault(SERVICE_FAULTS[fault], {
      ...which,
      ...("times" in which &&
        (fault.endsWith("after-commit") ? { lastStepsOnly: true } : { writesOnly: true })),
      ...(fault === "duplicate-delivery" && { notBody: JOURNALS }),
    });
  }

  clearFaults(): void {
    this.#simulator.control({ do: "clear-faults" });
  }

  closePeriod(month: string): void {
    this.#simulator.control({ do: "close-period", month });
  }

  openPeriod(month: string): void {
    this.#simulator.control({ do: "open-period", month });
  }

  blockRareItem(): void {
    this.#simulator.control({ do: "deactivate-memo-line", name: RARE });
  }

  refuseCredentials(): void {
    this.#simulator.control({ do: "refuse-credentials" });
  }

  acceptCredentials(): void {
    this.#simulator.control({ do: "accept-credentials" });
  }

  pay(number: string, amount?: string): void {
    this.#simulator.control({ do: "pay", number, ...(amount === undefined ? {} : { amount }) });
  }

  alter(number: string): void {
    const [line] = this.#simulator.find(number)?.lines ?? [];
    if (line === undefined) throw new RangeError(`no document ${number}`);
    this.#simulator.control({ do: "edit-amount", number, amount: anotherAmount(line.amount) });
  }

  work(): void {
    this.#simulator.control({ do: "finish-imports" });
  }

  requests(): { readonly total: number; readonly lost: number; readonly refused: number } {
    return requestCounts(this.#simulator.ledger().requests);
  }

  wrongRequests(): readonly string[] {
    return this.#simulator.ledger().wrongRequests;
  }

  close(): Promise<void> {
    return this.#simulator.close();
  }
}

/** Amounts of memos are negative in Oracle. */
function figuresOf({ number, currency, isMemo, total, lines }: Transaction): DocumentFigures {
  const positive = (text: string): bigint => (isMemo ? -cents(text) : cents(text));
  const tax = lines.flatMap(({ taxes }) => taxes.map(({ amount }) => positive(amount)));
  return {
    number,
    currency,
    tax: tax.reduce((sum, amount) => sum + amount, 0n),
    total: positive(total),
    lines: lines.map(({ amount }) => positive(amount)),
  };
}
