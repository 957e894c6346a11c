import { randomBytes } from "node:crypto";
import type { StoredDocument, StoredItem } from "../../../simulators/sap-s4hana/documents.ts";
import { SapSimulator, type SapSimulatorOptions } from "../../../simulators/sap-s4hana/simulator.ts";
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

const CLIENT_ID = "sb-tributary!b42";
const RARE_ACCOUNT = "41000200";
const OTHER_ACCOUNT = "41000100";
/** Account of what is not billed yet: what takes an accrual back credits it. */
const UNBILLED = "12560000";
const SALES: ReadonlySet<string> = new Set(["DR", "DG"]);

/** SAP S/4HANA Cloud, with access tokens. */
export const sapS4hanaErp: SimulatedErpKind = {
  connection: "sap-s4hana",
  start: (options) => SimulatedSap.start(options),
};

export class SimulatedSap implements SimulatedErp {
  readonly adapter = "sap-s4hana";
  readonly abilities: ErpAbilities = ALL_ABILITIES;
  readonly secrets: readonly string[];
  readonly secretFiles: readonly string[] = [];
  protected readonly simulator: SapSimulator;
  readonly #clientSecret: string;

  protected constructor(simulator: SapSimulator, clientSecret: string) {
    this.simulator = simulator;
    this.#clientSecret = clientSecret;
    this.secrets = [clientSecret];
  }

  static async start(options: SimulatedErpOptions): Promise<SimulatedSap> {
    const [simulator, clientSecret] = await SimulatedSap.startSimulator(options);
    return new SimulatedSap(simulator, clientSecret);
  }

  protected static async startSimulator(
    { seed, nowMs }: SimulatedErpOptions,
    choices: Pick<SapSimulatorOptions, "billingDelayMs"> = {},
  ): Promise<readonly [simulator: SapSimulator, clientSecret: string]> {
    const clientSecret = randomBytes(24).toString("base64url");
    const simulator = await SapSimulator.start({
      users: { oauth: { clientId: CLIENT_ID, clientSecret } },
      seed,
      ...choices,
      ...(nowMs === undefined ? {} : { nowMs }),
    });
    return [simulator, clientSecret];
  }

  settings(): Readonly<Record<string, unknown>> {
    return {
      adapter: this.adapter,
      url: this.simulator.url,
      authentication: { kind: "oauth", client_id: CLIENT_ID, client_secret: this.#clientSecret },
      deadline: "2s",
      settle_delay: "300ms",
    };
  }

  /** Rows as the simulated system's lists have them. */
  mapping({ otherItem = false, hasForeignCurrency = true }: MappingOptions = {}): readonly MappingRow[] {
    const accounts: Readonly<Record<string, string>> = {
      "unbilled-receivable": UNBILLED,
      revenue: "41000000",
      adjustments: "41000000",
      "deferred-revenue": "23000000",
      // Not the reconciliation account, which only customers' items reach.
      receivable: "12570000",
      credits: "21510000",
      "credits-granted": "44000000",
      "credits-expired": "41000000",
      "tax-payable": "22000000",
    };
    return [
      row("legal_entity", "north", { id: "1710", reconciliation_account: "12100000", country: "US" }),
      row("legal_entity", "south", { id: "1010", reconciliation_account: "12100000", country: "DE" }),
      ...["USD", "EUR", ...(hasForeignCurrency ? ["GBP"] : [])].map((code) =>
        row("currency", code, { id: code }),
      ),
      row("item", "rare", { account: otherItem ? OTHER_ACCOUNT : RARE_ACCOUNT }),
      row("item", "credits", { account: "21510000" }),
      row("item", "*", { account: "41000000" }),
      row("tax", "US/CA:Sales tax:6", { code: "U1" }),
      row("tax", "DE:VAT:19", { code: "A1" }),
      ...Object.entries(accounts).map(([role, id]) => row("account", role, { id })),
      row("terms", "30", { id: "NT30" }),
    ];
  }

  documents(): readonly DocumentFigures[] {
    return this.#sales().map(figuresOf);
  }

  journals(): readonly JournalFigures[] {
    return this.#documents()
      .filter(({ type }) => type === "SA")
      .map(({ reference, currency, items }) => ({
        externalId: reference,
        currency,
        debits: items.map(({ amount }) => cents(amount)).reduce((sum, of) => (of > 0n ? sum + of : sum), 0n),
        isReversal: items.some(({ account, amount }) => account === UNBILLED && cents(amount) < 0n),
      }));
  }

  customers(): readonly string[] {
    return this.simulator.ledger().partners.map(({ fields }) => fields["BusinessPartnerIDByExtSystem"] ?? "");
  }

  /**
   * Of requests that reach the ERP twice only those that HTTP lets be repeated on the way: SAP has no protection against a posting that comes again,
   * and nothing on the way sends a POST again (RFC 9110, section 9.2.2). What came so is found by the search for strays.
   */
  fault(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void {
    const where = "times" in which ? { ...which, writesOnly: true } : which;
    this.simulator.fault(
      SERVICE_FAULTS[fault],
      fault === "duplicate-delivery" ? { ...where, method: "PATCH" } : where,
    );
  }

  clearFaults(): void {
    this.simulator.control({ do: "clear-faults" });
  }

  closePeriod(month: string): void {
    this.simulator.control({ do: "close-period", month });
  }

  openPeriod(month: string): void {
    this.simulator.control({ do: "open-period", month });
  }

  blockRareItem(): void {
    this.simulator.control({ do: "block-account", account: RARE_ACCOUNT });
  }

  refuse(number: string): void {
    this.simulator.control({ do: "refuse-documents", headerText: number });
  }

  acceptRefused(): void {
    this.simulator.control({ do: "accept-documents" });
  }

  refuseCredentials(): void {
    this.simulator.control({ do: "refuse-credentials" });
  }

  acceptCredentials(): void {
    this.simulator.control({ do: "accept-credentials" });
  }

  pay(number: string, amount?: string): void {
    const { reference } = this.#numbered(number);
    this.simulator.control({ do: "pay", reference, ...(amount === undefined ? {} : { amount }) });
  }

  alter(number: string): void {
    const { reference, items } = this.#numbered(number);
    const [line] = linesOf(items);
    if (line === undefined) throw new RangeError(`${number} has no line`);
    this.simulator.control({ do: "edit-amount", reference, amount: anotherAmount(line.amount) });
  }

  requests(): { readonly total: number; readonly lost: number; readonly refused: number } {
    return requestCounts(this.simulator.ledger().requests);
  }

  wrongRequests(): readonly string[] {
    return this.simulator.ledger().wrongRequests;
  }

  async close(): Promise<void> {
    await this.simulator.close();
  }

  #documents(): readonly StoredDocument[] {
    return this.simulator.ledger().documents.filter(({ isReversal }) => !isReversal);
  }

  #sales(): readonly StoredDocument[] {
    return this.#documents().filter(({ type }) => SALES.has(type));
  }

  #numbered(number: string): StoredDocument {
    const document = this.#sales().find(({ headerText }) => headerText === number);
    if (document === undefined) throw new RangeError(`no document ${number}`);
    return document;
  }
}

function linesOf(items: readonly StoredItem[]): readonly StoredItem[] {
  return items.filter(({ kind }) => kind === "ledger");
}

/** Debits are positive: what an invoice sells is a credit, what a memo gives back a debit. */
function figuresOf({ type, headerText, currency, items }: StoredDocument): DocumentFigures {
  const sign = type === "DR" ? 1n : -1n;
  const sum = (kind: StoredItem["kind"]): bigint =>
    items.filter((item) => item.kind === kind).reduce((total, { amount }) => total + cents(amount), 0n);
  return {
    number: headerText,
    currency,
    tax: -sign * sum("tax"),
    total: sign * sum("customer"),
    lines: linesOf(items).map(({ amount }) => -sign * cents(amount)),
  };
}
