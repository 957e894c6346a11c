import type { MappedValues, MappingTable } from "../../../src/model/posting.ts";
import type { DocumentFigures } from "./posted-month.ts";

/**
 * A simulated ERP behind a connection, as tests of all adapters see it: the conformance suite and the fault mix are written against this alone, so
 * that each ERP says once what it is and what can be done to it. The demo runs them too, each as a process of its own (`simulated/serve.ts`).
 * One implementation an adapter, in `test/support/erp/simulated/<adapter>.ts`, and a line in `simulated/all.ts`.
 *
 * All use the same canonical keys: legal entities `north` (USD) and `south` (EUR), currencies `USD`, `EUR` and `GBP`, products `rare`, `credits` and
 * any other one (row `*`), taxes `US/CA:Sales tax:6` and `DE:VAT:19`, accounts by the ledger's roles, terms `30`.
 */
export interface SimulatedErp {
  /** Name of the adapter. */
  readonly adapter: string;
  /** Settings of the connection, as in the worker's file of connections but without `posting`: deadline 2 s, settle delay 300 ms. */
  settings(): Readonly<Record<string, unknown>>;
  /** Rows of the connection's mapping. */
  mapping(options?: MappingOptions): readonly MappingRow[];
  /** Whatever must be found nowhere but in the settings and in `secretFiles`. */
  readonly secrets: readonly string[];
  readonly secretFiles: readonly string[];
  /** What it keeps to itself, and so can't be tested. */
  readonly abilities: ErpAbilities;

  /** Every invoice and credit memo that it has, one for each copy; amounts of memos are positive. */
  documents(): readonly DocumentFigures[];
  /** The journals that it has, one for each copy; what reverses one by itself is not among them. */
  journals(): readonly JournalFigures[];
  /** External ids of the customers that it has, one for each copy. */
  customers(): readonly string[];

  /**
   * Requests that would create or post something go wrong: the next ones, or a share of all (of those that only ask too, where it can). What its
   * abilities leave out is a `RangeError`.
   */
  fault(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void;
  /** What `fault` began is over. */
  clearFaults(): void;
  /** @param month YYYY-MM */
  closePeriod(month: string): void;
  openPeriod(month: string): void;
  /** What the row of the product `rare` names can't be used any more (its plain form; `otherItem` of the mapping can). */
  blockRareItem(): void;
  /** An invoice or credit memo, by its number, is refused for good (`validation`); absent where it has no such thing. */
  refuse?(number: string): void;
  /** What `refuse` began is over. */
  acceptRefused?(): void;
  /** Secrets of the settings are refused from now on, and taken again. */
  refuseCredentials(): void;
  acceptCredentials(): void;
  /** Somebody pays of an invoice, by its number: the whole open amount unless given (decimal text). */
  pay(number: string, amount?: string): void;
  /** Somebody changes the amount of the first line of a document in the ERP behind our back, by its number. */
  alter(number: string): void;

  /**
   * What it does by itself (imports, jobs) is done now. For tests that have a clock of their own: with the machine's clock it happens without.
   * Absent where it does nothing by itself.
   */
  work?(): void;
  /** How its requests ended: `lost` broke instead of an answer, `refused` were too many. */
  requests(): { readonly total: number; readonly lost: number; readonly refused: number };
  /** Requests that broke the ERP's own rules of form in a way that a right sender never does; must stay empty. */
  wrongRequests(): readonly string[];
  close(): Promise<void>;
}

/** One that can be started, behind a connection of that key. */
export interface SimulatedErpKind {
  readonly connection: string;
  /** It takes journals in the local currency of a company alone: the fault mix, which has others too, leaves it out unless it is named. */
  readonly localJournalsOnly?: true;
  start(options: SimulatedErpOptions): Promise<SimulatedErp>;
}

export interface SimulatedErpOptions {
  /** Of its own: keys and files go there. It is the caller's to remove. */
  readonly folder: string;
  readonly seed: number;
  /** Milliseconds since the epoch by its clock, which ends tokens, storms and jobs; the machine's where it is not given. */
  readonly nowMs?: () => number;
}

export interface JournalFigures {
  readonly externalId: string;
  /** ISO code. */
  readonly currency: string;
  /** Sum of its debits, in cents. */
  readonly debits: bigint;
  /** It takes an accrual back, as a journal of its own, where the ERP reverses none by itself. */
  readonly isReversal?: boolean;
}

export interface MappingOptions {
  /** The row of the product `rare` names what other products do: it can be used when `blockRareItem` has been called. */
  readonly otherItem?: boolean;
  /** Whether there is a row for GBP; there is one unless this is false. */
  readonly hasForeignCurrency?: boolean;
}

export interface MappingRow {
  readonly table: MappingTable;
  readonly key: string;
  readonly values: MappedValues;
}

/** False where the kind of ERP has no such thing: the suite says so in the name of the case that it leaves out. */
export interface ErpAbilities {
  readonly credentials: boolean;
  readonly tokens: boolean;
  readonly periods: boolean;
  readonly itemChecks: boolean;
  readonly payments: boolean;
  readonly readBack: boolean;
  readonly lookUp: boolean;
  /** Whether it can say that it has had enough. */
  readonly throttling: boolean;
  /** Whether it takes documents, works on them by itself and is polled; not where this is absent. */
  readonly accepts?: boolean;
}

export type SimulatedFault =
  /** It is done, and the connection breaks instead of an answer. */
  | "lost-after-commit"
  /** It is not done, and the connection breaks instead of an answer. */
  | "lost-before-commit"
  /** 503 or what the ERP says instead: nothing was done. */
  | "unavailable"
  /** An error of the server after it was done. */
  | "error-after-commit"
  /** Refused because there were too many, for a moment. */
  | "throttle-storm"
  /** Tokens and sessions that are out end at once. */
  | "token-expiry"
  /** The request reaches the ERP twice. */
  | "duplicate-delivery";
