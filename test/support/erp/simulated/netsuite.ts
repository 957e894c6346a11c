import { readFileSync } from "node:fs";
import type { LedgerRecord } from "../../../simulators/netsuite/ledger.ts";
import { NetSuiteSimulator } from "../../../simulators/netsuite/simulator.ts";
import { machineClient } from "../machine-client.ts";
import { cents, OTHER_ITEM, RARE_ITEM, type DocumentFigures } from "../posted-month.ts";
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
import { ALL_ABILITIES, SERVICE_FAULTS, anotherAmount, requestCounts } from "../simulated-service.ts";

/** Long enough that a job is seen under way. */
const JOB_MS = 100;

const ISO_CODES: Readonly<Record<string, string>> = { "1": "USD", "2": "GBP", "4": "EUR" };
const SALES = ["invoice", "creditMemo"];

/** NetSuite called directly. */
export const netsuiteErp: SimulatedErpKind = {
  connection: "netsuite",
  start: (options) => SimulatedNetSuite.start(options, false),
};

/** NetSuite that is given documents as jobs, which it works on by itself. */
export const netsuiteJobsErp: SimulatedErpKind = {
  connection: "jobs",
  start: (options) => SimulatedNetSuite.start(options, true),
};

class SimulatedNetSuite implements SimulatedErp {
  readonly adapter = "netsuite";
  readonly abilities: ErpAbilities;
  readonly secrets: readonly string[];
  readonly secretFiles: readonly string[];
  readonly #simulator: NetSuiteSimulator;
  readonly #authentication: Readonly<Record<string, string>>;
  readonly #isAsynchronous: boolean;

  private constructor(
    simulator: NetSuiteSimulator,
    client: ReturnType<typeof machineClient>,
    isAsynchronous: boolean,
  ) {
    this.#simulator = simulator;
    this.#authentication = client.settings;
    this.#isAsynchronous = isAsynchronous;
    this.abilities = { ...ALL_ABILITIES, accepts: isAsynchronous };
    this.secretFiles = [client.keyFile];
    this.secrets = readFileSync(client.keyFile, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("-"));
  }

  static async start(
    { folder, seed, nowMs }: SimulatedErpOptions,
    isAsynchronous: boolean,
  ): Promise<SimulatedNetSuite> {
    const client = machineClient(folder);
    const simulator = await NetSuiteSimulator.start({
      machine: client.account,
      seed,
      asyncDelayMs: JOB_MS,
      ...(nowMs === undefined ? {} : { nowMs }),
    });
    return new SimulatedNetSuite(simulator, client, isAsynchronous);
  }

  settings(): Readonly<Record<string, unknown>> {
    return {
      adapter: this.adapter,
      account: "1234567_SB1",
      url: this.#simulator.url,
      authentication: this.#authentication,
      deadline: "2s",
      settle_delay: "300ms",
      asynchronous: this.#isAsynchronous,
    };
  }

  /** Rows as the simulated account's lists have them. */
  mapping({ otherItem = false, hasForeignCurrency = true }: MappingOptions = {}): readonly MappingRow[] {
    const row = (
      table: MappingRow["table"],
      key: string,
      id: string,
      more: MappingRow["values"] = {},
    ): MappingRow => ({ table, key, values: { id, ...more } });
    return [
      row("legal_entity", "north", "1"),
      row("legal_entity", "south", "2"),
      row("currency", "USD", "1"),
      row("currency", "EUR", "4"),
      ...(hasForeignCurrency ? [row("currency", "GBP", "2")] : []),
      row("item", "rare", otherItem ? OTHER_ITEM : RARE_ITEM),
      row("item", "credits", "89"),
      row("item", "*", "86"),
      { table: "tax", key: "US/CA:Sales tax:6", values: { type: "9", code: "22" } },
      { table: "tax", key: "DE:VAT:19", values: { type: "8", code: "21" } },
      row("account", "unbilled-receivable", "119"),
      row("account", "revenue", "54"),
      row("account", "adjustments", "54"),
      row("account", "deferred-revenue", "121"),
      row("account", "receivable", "119"),
      row("account", "credits", "121"),
      row("account", "credits-granted", "123"),
      row("account", "credits-expired", "54"),
      row("account", "tax-payable", "122"),
      row("terms", "30", "2"),
    ];
  }

  documents(): readonly DocumentFigures[] {
    return this.#records(...SALES).map(figuresOf);
  }

  journals(): readonly JournalFigures[] {
    return this.#records("journalEntry")
      .filter(({ reversalOf }) => reversalOf === null)
      .map(({ externalId, fields, sublists }) => ({
        externalId: String(externalId),
        currency: currencyOf(fields),
        debits: (sublists["line"] ?? [])
          .filter(({ debit }) => debit !== undefined)
          .reduce((sum, { debit }) => sum + cents(String(debit)), 0n),
      }));
  }

  customers(): readonly string[] {
    return this.#records("customer").map(({ externalId }) => String(externalId));
  }

  fault(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void {
    this.#simulator.fault(SERVICE_FAULTS[fault], "times" in which ? { ...which, writesOnly: true } : which);
  }

  clearFaults(): void {
    this.#simulator.control({ do: "clear-faults" });
  }

  closePeriod(month: string): void {
    this.#simulator.control({ do: "close-period", period: periodOf(month) });
  }

  openPeriod(month: string): void {
    this.#simulator.control({ do: "open-period", period: periodOf(month) });
  }

  blockRareItem(): void {
    this.#simulator.control({ do: "deactivate", type: "nonInventorySaleItem", id: RARE_ITEM });
  }

  refuseCredentials(): void {
    this.#simulator.control({ do: "refuse-logins" });
  }

  acceptCredentials(): void {
    this.#simulator.control({ do: "accept-logins" });
  }

  pay(number: string, amount?: string): void {
    const invoice = this.#numbered(number).id;
    this.#simulator.control({ do: "pay", invoice, ...(amount === undefined ? {} : { amount }) });
  }

  alter(number: string): void {
    const { type, id, sublists } = this.#numbered(number);
    const [line] = sublists["item"] ?? [];
    const amount = anotherAmount(String(line?.["amount"]));
    this.#simulator.control({ do: "edit-amount", type, record: id, amount });
  }

  work(): void {
    this.#simulator.control({ do: "run-jobs" });
  }

  requests(): { readonly total: number; readonly lost: number; readonly refused: number } {
    return requestCounts(this.#simulator.ledger().requests);
  }

  /** A right sender needs no property that doesn't exist, and never lets its nonces, assertions or tokens be wrong in form. */
  wrongRequests(): readonly string[] {
    return this.#simulator
      .ledger()
      .loginAudit.filter((reason) => !OF_FAULTS.has(reason))
      .map((reason) => `login: ${reason}`);
  }

  async close(): Promise<void> {
    await this.#simulator.close();
  }

  #records(...types: readonly string[]): readonly LedgerRecord[] {
    return this.#simulator.ledger().records.filter(({ type }) => types.includes(type));
  }

  #numbered(number: string): LedgerRecord {
    const record = this.#records(...SALES).find(({ fields }) => fields["tranId"] === number);
    if (record === undefined) throw new RangeError(`no document ${number}`);
    return record;
  }
}

/** Why logins are refused by what tests do to them. */
const OF_FAULTS = new Set(["AccessTokenRejected", "CredentialsRevoked", "CertificateRevoked"]);

function currencyOf(fields: LedgerRecord["fields"]): string {
  const id = String(fields["currency"]);
  return ISO_CODES[id] ?? id;
}

function figuresOf({ fields, taxTotal, total, sublists }: LedgerRecord): DocumentFigures {
  return {
    number: String(fields["tranId"]),
    currency: currencyOf(fields),
    tax: cents(taxTotal),
    total: cents(total),
    lines: (sublists["item"] ?? []).map(({ amount }) => cents(String(amount))),
  };
}

/** "Jun 2026" of 2026-06. */
function periodOf(month: string): string {
  return new Date(`${month}-01T00:00:00Z`).toLocaleString("en-US", {
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
}
