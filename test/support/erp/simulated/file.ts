import {
  LegacyDropConsumer,
  type AckFault,
  type BookedDocument,
  type DropRejection,
} from "../../../simulators/legacy-drop/consumer.ts";
import type { DropDocument } from "../../../simulators/legacy-drop/document.ts";
import { cents, OTHER_ITEM, PREFIX, RARE_ITEM, type DocumentFigures } from "../posted-month.ts";
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

const LOOK_INTERVAL_MS = 50;
const SALES: ReadonlySet<string> = new Set(["invoice", "credit-memo"]);

/** A folder of files that an older ERP imports and acknowledges. */
export const fileErp: SimulatedErpKind = {
  connection: "drop",
  start: (options) => Promise.resolve(new SimulatedDrop(options)),
};

class SimulatedDrop implements SimulatedErp {
  readonly adapter = "file";
  readonly abilities = {
    credentials: false,
    tokens: false,
    periods: true,
    itemChecks: true,
    payments: false,
    readBack: false,
    lookUp: true,
    throttling: false,
    accepts: true,
  };
  readonly secrets = [];
  readonly secretFiles = [];
  readonly #folder: string;
  readonly #consumer: LegacyDropConsumer;
  readonly #faults: PlannedFaults;
  readonly #closedMonths = new Set<string>();
  readonly #refused = new Set<string>();
  /** Deliveries that a fault made the ERP say it is busy for. */
  #isBusy = false;
  #isRareBlocked = false;
  #lost = 0;

  constructor({ folder, seed, nowMs }: SimulatedErpOptions) {
    this.#folder = folder;
    this.#faults = new PlannedFaults(seed);
    this.#consumer = new LegacyDropConsumer({
      folder,
      ackFaultOf: (fileId) => this.#faultOf(fileId),
      rejectionOf: (_, document) => this.#rejectionOf(document),
    });
    if (nowMs === undefined) this.#consumer.start(LOOK_INTERVAL_MS);
  }

  settings(): Readonly<Record<string, unknown>> {
    return {
      adapter: this.adapter,
      format: "csv",
      path: this.#folder,
      deadline: "2s",
      acknowledgement_deadline: "2s",
      fault_codes: { "PERIOD-CLOSED": "period-closed", "NO-SUCH-ITEM": "mapping", BUSY: "transient" },
    };
  }

  /** What has no row is written by its canonical key. */
  mapping({ otherItem = false }: MappingOptions = {}): readonly MappingRow[] {
    return [{ table: "item", key: "rare", values: { id: otherItem ? OTHER_ITEM : RARE_ITEM } }];
  }

  documents(): readonly DocumentFigures[] {
    return this.#booked((kind) => SALES.has(kind)).map(({ document, currency }) => ({
      number: document.number,
      currency: currency ?? "",
      tax: cents(document.tax),
      total: cents(document.net) + cents(document.tax),
      lines: document.lines.map(({ net }) => cents(net)),
    }));
  }

  journals(): readonly JournalFigures[] {
    return this.#booked((kind) => kind === "journal").map(({ externalId, document, currency }) => ({
      externalId,
      currency: currency ?? "",
      debits: document.lines.reduce((sum, { debit }) => sum + cents(debit === "" ? "0" : debit), 0n),
    }));
  }

  customers(): readonly string[] {
    return this.#booked((kind) => kind === "customer").map(({ externalId }) => externalId);
  }

  fault(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void {
    if (fault === "throttle-storm" || fault === "token-expiry")
      throw new RangeError(`a folder of files has no ${fault}`);
    this.#faults.add(fault, which);
  }

  clearFaults(): void {
    this.#faults.clear();
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
    this.#refused.add(number);
  }

  acceptRefused(): void {
    this.#refused.clear();
  }

  refuseCredentials(): void {
    throw new RangeError("a folder of files has no credentials");
  }

  acceptCredentials(): void {
    throw new RangeError("a folder of files has no credentials");
  }

  pay(): void {
    throw new RangeError("a folder of files does not tell what is paid");
  }

  alter(): void {
    throw new RangeError("a folder of files can't be read back");
  }

  work(): void {
    this.#consumer.runOnce();
  }

  requests(): { readonly total: number; readonly lost: number; readonly refused: number } {
    const deliveries = [...this.#consumer.deliveries.values()].reduce((sum, count) => sum + count, 0);
    return { total: deliveries, lost: this.#lost, refused: 0 };
  }

  wrongRequests(): readonly string[] {
    return this.#consumer.faultyFiles.map(({ fileId, code, message }) => `${fileId}: ${code}: ${message}`);
  }

  close(): Promise<void> {
    this.#consumer.stop();
    return Promise.resolve();
  }

  #booked(isWanted: (kind: string) => boolean): readonly BookedDocument[] {
    return [...this.#consumer.booked.values()].filter(
      ({ externalId, document }) => isWanted(document.kind) && externalId.startsWith(PREFIX),
    );
  }

  #faultOf(fileId: string): AckFault | undefined {
    this.#isBusy = false;
    const fault = this.#faults.next();
    switch (fault) {
      case "lost-after-commit":
      case "lost-before-commit":
        this.#lost += 1;
        return fault === "lost-after-commit" ? "withheld" : "ignored";
      case "unavailable":
        this.#isBusy = true;
        break;
      case "error-after-commit":
        return "torn";
      case "duplicate-delivery":
        this.#consumer.redeliver(fileId);
        break;
      case "throttle-storm":
      case "token-expiry":
      case undefined:
        break;
    }
    return undefined;
  }

  #rejectionOf({ number, date, lines }: DropDocument): DropRejection | undefined {
    if (this.#isBusy) return { code: "BUSY", msg: "the import is busy" };
    if (this.#refused.has(number)) return { code: "BAD-DATA", msg: "the cost centre is unknown" };
    if (this.#closedMonths.has(date.slice(0, "2026-06".length)))
      return { code: "PERIOD-CLOSED", msg: "the period is closed" };
    if (this.#isRareBlocked && lines.some(({ item }) => item === RARE_ITEM))
      return { code: "NO-SUCH-ITEM", msg: "the item can't be used" };
    return undefined;
  }
}
