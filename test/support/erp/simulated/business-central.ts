import { randomBytes } from "node:crypto";
import type { Fault } from "../../../simulators/business-central/control-commands.ts";
import { NET_30, NORTH, SOUTH } from "../../../simulators/business-central/environment.ts";
import type { LedgerRecord } from "../../../simulators/business-central/ledger.ts";
import { BusinessCentralSimulator } from "../../../simulators/business-central/simulator.ts";
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
import { ALL_ABILITIES, SERVICE_FAULTS, anotherAmount, requestCounts } from "../simulated-service.ts";

const CLIENT = "c5f1a0de-0000-4000-8000-00000000c11e";
/** Item of the product `rare`, and the one that may be used in its place. */
const RARE_ITEM = "1002";
const OTHER_ITEM = "1001";
/** An accrual debits it, and what takes the accrual back credits it. */
const UNBILLED = "1150";
/** Taxes are lines of these accounts. */
const TAX_ACCOUNTS: ReadonlySet<unknown> = new Set(["2210", "2220"]);

const FAULTS: Readonly<Record<SimulatedFault, Fault>> = {
  ...SERVICE_FAULTS,
  "error-after-commit": { kind: "server-error-after-commit", status: 504 },
};

const AFTER_COMMIT: ReadonlySet<SimulatedFault> = new Set(["lost-after-commit", "error-after-commit"]);

/** Business Central with two companies; taxes are lines, so that every document can be said. */
export const businessCentralErp: SimulatedErpKind = {
  connection: "business-central",
  localJournalsOnly: true,
  start: (options) => SimulatedBusinessCentral.start(options),
};

class SimulatedBusinessCentral implements SimulatedErp {
  readonly adapter = "business-central";
  readonly abilities: ErpAbilities = ALL_ABILITIES;
  readonly secrets: readonly string[];
  readonly secretFiles: readonly string[] = [];
  readonly #simulator: BusinessCentralSimulator;
  readonly #secret: string;

  private constructor(simulator: BusinessCentralSimulator, secret: string) {
    this.#simulator = simulator;
    this.#secret = secret;
    this.secrets = [secret];
  }

  static async start({ seed, nowMs }: SimulatedErpOptions): Promise<SimulatedBusinessCentral> {
    const secret = `${randomBytes(18).toString("base64url")}~`;
    const simulator = await BusinessCentralSimulator.start({
      client: { id: CLIENT, secret },
      seed,
      ...(nowMs !== undefined && { nowMs }),
    });
    return new SimulatedBusinessCentral(simulator, secret);
  }

  settings(): Readonly<Record<string, unknown>> {
    const { url, environment } = this.#simulator;
    return {
      adapter: this.adapter,
      tenant: environment.tenant,
      environment: environment.name,
      client_id: CLIENT,
      client_secret: this.#secret,
      companies: [NORTH, SOUTH],
      url,
      login_url: url,
      deadline: "2s",
      settle_delay: "300ms",
      taxes: "lines",
      untaxed_code: "NONE",
    };
  }

  mapping({ otherItem = false, hasForeignCurrency = true }: MappingOptions = {}): readonly MappingRow[] {
    const account = (key: string, number: string): MappingRow => ({
      table: "account",
      key,
      values: { number },
    });
    const currency = (code: string): MappingRow => ({ table: "currency", key: code, values: { code } });
    return [
      { table: "legal_entity", key: "north", values: { company: NORTH, local_currency: "USD" } },
      { table: "legal_entity", key: "south", values: { company: SOUTH, local_currency: "EUR" } },
      currency("USD"),
      currency("EUR"),
      ...(hasForeignCurrency ? [currency("GBP")] : []),
      { table: "item", key: "rare", values: { item: otherItem ? OTHER_ITEM : RARE_ITEM } },
      { table: "item", key: "credits", values: { account: "2450" } },
      { table: "item", key: "*", values: { account: "4000" } },
      { table: "tax", key: "US/CA:Sales tax:6", values: { account: "2210" } },
      { table: "tax", key: "DE:VAT:19", values: { account: "2220" } },
      account("unbilled-receivable", "1150"),
      account("revenue", "4010"),
      account("adjustments", "4020"),
      account("deferred-revenue", "2400"),
      account("receivable", "1150"),
      account("credits", "2450"),
      account("credits-granted", "6900"),
      account("credits-expired", "4020"),
      account("tax-payable", "2210"),
      { table: "terms", key: "30", values: { id: NET_30 } },
    ];
  }

  documents(): readonly DocumentFigures[] {
    return this.#posted().map(figuresOf);
  }

  journals(): readonly JournalFigures[] {
    const copies = new Map<
      string,
      { readonly externalId: string; readonly currency: string; debits: bigint; isReversal: boolean }
    >();
    for (const { company, values } of this.#records("generalLedgerEntries")) {
      if (values["documentType"] !== " ") continue;
      const externalId = String(values["documentNumber"]);
      const copy = `${externalId} ${String(values["transactionNumber"])}`;
      const journal = copies.get(copy) ?? {
        externalId,
        currency: company === NORTH ? "USD" : "EUR",
        debits: 0n,
        isReversal: false,
      };
      journal.debits += cents(String(values["debitAmount"]));
      if (values["accountNumber"] === UNBILLED && values["creditAmount"] !== "0") journal.isReversal = true;
      copies.set(copy, journal);
    }
    return [...copies.values()];
  }

  customers(): readonly string[] {
    return this.#records("customers").map(({ values }) => String(values["number"]));
  }

  fault(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void {
    // A draft whose answer is lost is begun anew: what is done is what is in the books.
    const few = AFTER_COMMIT.has(fault) ? ({ isBooking: true } as const) : { method: "POST" };
    this.#simulator.fault(FAULTS[fault], "times" in which ? { ...which, ...few } : which);
  }

  clearFaults(): void {
    this.#simulator.control({ do: "clear-faults" });
  }

  closePeriod(month: string): void {
    this.#simulator.control({ do: "close-month", month });
  }

  openPeriod(month: string): void {
    this.#simulator.control({ do: "open-month", month });
  }

  blockRareItem(): void {
    this.#simulator.control({ do: "block", what: "item", number: RARE_ITEM });
  }

  refuseCredentials(): void {
    this.#simulator.control({ do: "refuse-secret" });
    this.#simulator.control({ do: "expire-tokens" });
  }

  acceptCredentials(): void {
    this.#simulator.control({ do: "accept-secret" });
  }

  pay(number: string, amount?: string): void {
    this.#simulator.control({ do: "pay", invoice: number, ...(amount === undefined ? {} : { amount }) });
  }

  alter(number: string): void {
    const record = this.#posted().find((each) => numberOf(each) === number);
    if (record === undefined) throw new RangeError(`no document ${number}`);
    const [line] = amountLines(record);
    const amount = anotherAmount(String(line?.values["netAmount"]));
    this.#simulator.control({ do: "edit-amount", document: String(record.values["number"]), amount });
  }

  requests(): { readonly total: number; readonly lost: number; readonly refused: number } {
    return requestCounts(this.#simulator.ledger().requests);
  }

  wrongRequests(): readonly string[] {
    return this.#simulator.ledger().wrongRequests;
  }

  async close(): Promise<void> {
    await this.#simulator.close();
  }

  #records(set: LedgerRecord["set"]): readonly LedgerRecord[] {
    return this.#simulator.ledger().records.filter((record) => record.set === set);
  }

  /** Drafts are not in the books. */
  #posted(): readonly LedgerRecord[] {
    return [...this.#records("salesInvoices"), ...this.#records("salesCreditMemos")].filter(
      ({ values }) => values["status"] !== "Draft",
    );
  }
}

/** Our number is the first word of the first line. */
function numberOf({ lines }: LedgerRecord): string {
  const [number = ""] = String(lines[0]?.values["description"] ?? "").split(/[,:]/);
  return number;
}

function amountLines({ lines }: LedgerRecord): LedgerRecord["lines"] {
  return lines.filter(({ values }) => values["lineType"] !== "Comment");
}

function figuresOf(record: LedgerRecord): DocumentFigures {
  const lines = amountLines(record).map(({ values }) => ({
    amount: cents(String(values["netAmount"])),
    isTax: TAX_ACCOUNTS.has(values["lineObjectNumber"]),
  }));
  return {
    number: numberOf(record),
    currency: String(record.values["currencyCode"]),
    tax: lines.filter(({ isTax }) => isTax).reduce((sum, { amount }) => sum + amount, 0n),
    total: cents(String(record.values["totalAmountIncludingTax"])),
    lines: lines.filter(({ isTax }) => !isTax).map(({ amount }) => amount),
  };
}
