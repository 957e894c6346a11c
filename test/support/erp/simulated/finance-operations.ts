import { randomBytes, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LedgerInvoice } from "../../../simulators/finance-operations/ledger.ts";
import { FinanceOperationsSimulator } from "../../../simulators/finance-operations/simulator.ts";
import { cents, type DocumentFigures } from "../posted-month.ts";
import type {
  JournalFigures,
  MappingOptions,
  MappingRow,
  SimulatedErp,
  SimulatedErpKind,
  SimulatedErpOptions,
  SimulatedFault,
} from "../simulated-erp.ts";
import { ALL_ABILITIES, SERVICE_FAULTS, anotherAmount, row, requestCounts } from "../simulated-service.ts";

/** Long enough that a draft is seen unposted. */
const POSTING_MS = 100;
const RESOURCE = "https://contoso.operations.dynamics.com";
const RARE_ACCOUNT = "401300";
const OTHER_ACCOUNT = "401200";
const TAX_ACCOUNTS = ["203100", "203200"];

const AFTER_COMMIT: ReadonlySet<SimulatedFault> = new Set(["lost-after-commit", "error-after-commit"]);

/** An environment whose batch jobs post what is created. Taxes are lines of an account. */
export const financeOperationsErp: SimulatedErpKind = {
  connection: "finance-operations",
  start: (options) => SimulatedFinanceOperations.start(options),
};

class SimulatedFinanceOperations implements SimulatedErp {
  readonly adapter = "finance-operations";
  readonly abilities = { ...ALL_ABILITIES, accepts: true };
  readonly secrets: readonly string[];
  readonly secretFiles: readonly string[];
  readonly #simulator: FinanceOperationsSimulator;
  readonly #authentication: Readonly<Record<string, string>>;

  private constructor(
    simulator: FinanceOperationsSimulator,
    client: { readonly tenant: string; readonly clientId: string; readonly clientSecret: string },
    secretFile: string,
  ) {
    this.#simulator = simulator;
    this.secrets = [client.clientSecret];
    this.secretFiles = [secretFile];
    this.#authentication = {
      tenant: client.tenant,
      client_id: client.clientId,
      client_secret_file: secretFile,
      authority: simulator.url,
    };
  }

  static async start({ folder, seed, nowMs }: SimulatedErpOptions): Promise<SimulatedFinanceOperations> {
    const client = {
      tenant: randomUUID(),
      clientId: randomUUID(),
      clientSecret: randomBytes(24).toString("base64url"),
      scope: `${RESOURCE}/.default`,
    };
    const secretFile = join(folder, "finance-operations-secret");
    writeFileSync(secretFile, client.clientSecret, { mode: 0o600 });
    const simulator = await FinanceOperationsSimulator.start({
      client,
      seed,
      postingDelayMs: POSTING_MS,
      ...(nowMs === undefined ? {} : { nowMs }),
    });
    return new SimulatedFinanceOperations(simulator, client, secretFile);
  }

  settings(): Readonly<Record<string, unknown>> {
    return {
      adapter: this.adapter,
      url: this.#simulator.url,
      resource: RESOURCE,
      authentication: this.#authentication,
      deadline: "2s",
      settle_delay: "300ms",
      ledger_dimensions: ["Department", "Region"],
    };
  }

  /** Rows as the simulated environment's lists have them. */
  mapping({ otherItem = false, hasForeignCurrency = true }: MappingOptions = {}): readonly MappingRow[] {
    const company = (id: string): MappingRow["values"] => ({
      id,
      customer_group: "80",
      journal_name: "GenJrn",
    });
    const accounts: Readonly<Record<string, string>> = {
      "unbilled-receivable": "140200",
      revenue: "401100",
      adjustments: "403100",
      "deferred-revenue": "250500",
      receivable: "130100",
      credits: "250600",
      "credits-granted": "618900",
      "credits-expired": "403100",
      "tax-payable": "203100",
    };
    return [
      row("legal_entity", "north", company("usmf")),
      row("legal_entity", "south", company("demf")),
      ...["USD", "EUR", ...(hasForeignCurrency ? ["GBP"] : [])].map((code) =>
        row("currency", code, { id: code }),
      ),
      row("item", "rare", { main_account: otherItem ? OTHER_ACCOUNT : RARE_ACCOUNT }),
      row("item", "credits", { main_account: "250600" }),
      row("item", "*", { main_account: OTHER_ACCOUNT, dimensions: "Department=022" }),
      row("tax", "US/CA:Sales tax:6", { main_account: "203100" }),
      row("tax", "DE:VAT:19", { main_account: "203200" }),
      ...Object.entries(accounts).map(([role, account]) => row("account", role, { main_account: account })),
      row("terms", "30", { id: "Net30" }),
    ];
  }

  documents(): readonly DocumentFigures[] {
    return this.#simulator.ledger().invoices.map(figuresOf);
  }

  /** A header that nothing came to stand under is no journal. */
  journals(): readonly JournalFigures[] {
    return this.#simulator
      .ledger()
      .journals.filter(({ lines }) => lines.length > 0)
      .map(({ description, debits, lines }) => ({
        externalId: description,
        currency: lines[0]?.["CurrencyCode"] ?? "",
        debits: cents(debits),
      }));
  }

  customers(): readonly string[] {
    return this.#simulator.ledger().customers.map(({ CustomerAccount = "" }) => CustomerAccount);
  }

  fault(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void {
    // A journal's header is no journal yet: what is done is what is complete.
    const few = AFTER_COMMIT.has(fault) ? { completesOnly: true } : { writesOnly: true };
    this.#simulator.fault(SERVICE_FAULTS[fault], "times" in which ? { ...which, ...few } : which);
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
    this.#simulator.control({ do: "suspend-account", account: RARE_ACCOUNT });
  }

  refuseCredentials(): void {
    this.#simulator.control({ do: "accept-secret", isGood: false });
    this.#simulator.control({ do: "expire-tokens" });
  }

  acceptCredentials(): void {
    this.#simulator.control({ do: "accept-secret", isGood: true });
  }

  pay(number: string, amount?: string): void {
    const invoice = this.#numbered(number).externalId;
    this.#simulator.control({ do: "pay", invoice, ...(amount === undefined ? {} : { amount }) });
  }

  alter(number: string): void {
    const { externalId, lines } = this.#numbered(number);
    const amount = anotherAmount(lines[0]?.amount ?? "0");
    this.#simulator.control({ do: "edit-amount", document: externalId, line: 1, amount });
  }

  work(): void {
    this.#simulator.control({ do: "run-posting" });
  }

  requests(): { readonly total: number; readonly lost: number; readonly refused: number } {
    return requestCounts(this.#simulator.ledger().requests);
  }

  /** A right sender names only properties and addresses that exist, and never gets the form of a request for a token wrong. */
  wrongRequests(): readonly string[] {
    const { requests, loginAudit } = this.#simulator.ledger();
    return [
      ...loginAudit.filter((reason) => !OF_FAULTS.has(reason)).map((reason) => `login: ${reason}`),
      ...requests
        .filter(({ message }) => message !== null && WRONG_FORM.test(message))
        .map(({ method, path, message }) => `${method} ${path}: ${message}`),
    ];
  }

  async close(): Promise<void> {
    await this.#simulator.close();
  }

  #numbered(number: string): LedgerInvoice {
    const invoice = this.#simulator.ledger().invoices.find(({ requisition }) => requisition === number);
    if (invoice === undefined) throw new RangeError(`no document ${number}`);
    return invoice;
  }
}

/** Why tokens are refused by what tests do to them: a secret that has ended, tokens that have. */
const OF_FAULTS = new Set(["AADSTS7000215", "TokenRejected"]);
const WRONG_FORM =
  /simulator failed|does not exist on type|Could not find a property|Syntax error|Cannot convert|Resource not found|not supported|incompatible types|boundary|read-only|characters, and may have/;

/** Lines of tax accounts are the document's tax; amounts of a memo are negative in the environment. */
function figuresOf({ requisition, currency, total, lines }: LedgerInvoice): DocumentFigures {
  const sign = cents(total) < 0n ? -1n : 1n;
  const isTax = ({ account }: { readonly account: string }): boolean =>
    TAX_ACCOUNTS.some((tax) => account.startsWith(tax));
  return {
    number: requisition,
    currency,
    tax: lines.filter(isTax).reduce((sum, { amount }) => sum + sign * cents(amount), 0n),
    total: sign * cents(total),
    lines: lines.filter((line) => !isTax(line)).map(({ amount }) => sign * cents(amount)),
  };
}
