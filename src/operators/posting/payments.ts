import type { Alert } from "../../model/outputs.ts";
import type { PostingResult } from "../../model/posting.ts";
import type { CompiledConnection } from "../../billing/posting/compiled-posting.ts";
import { currencyExponent } from "../../billing/rating/currencies.ts";
import { formatMinorUnits } from "../../billing/rating/money.ts";
import { parseDecimal, rescale } from "../../model/decimal.ts";
import type { PostingBook } from "./posting-book.ts";
import type { Posting } from "./posting-row.ts";

const DAY_MS = 86_400_000;

/** Full days from one calendar day to another; below 0 where that comes before. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS;
}

/** Minor units of an amount that an ERP tells; undefined where it has more digits than its currency. */
export function minorUnitsOf(amount: string, currency: string): bigint | undefined {
  const decimal = parseDecimal(amount);
  if (decimal === undefined) return undefined;
  const minorUnits = rescale(decimal.coefficient, decimal.scale, currencyExponent(currency) ?? 0);
  return typeof minorUnits === "string" ? undefined : BigInt(minorUnits);
}

/** The stage of dunning of an invoice so many days past due; undefined before the first. */
export function dunningStage(
  { dunning }: Pick<CompiledConnection, "dunning">,
  daysPastDue: number,
): string | undefined {
  return dunning.findLast(({ days }) => days <= daysPastDue)?.stage;
}

/** Keeps what ERPs tell of payments, and the stages of dunning of what is overdue. */
export class Payments {
  readonly #book: PostingBook;
  readonly #alert: (alert: Alert) => void;
  readonly #connectionOf: (key: string) => CompiledConnection | undefined;

  /** Null: to be worked out. */
  #nextDay: string | undefined | null = null;

  constructor(
    book: PostingBook,
    alert: (alert: Alert) => void,
    connectionOf: (key: string) => CompiledConnection | undefined,
  ) {
    this.#book = book;
    this.#alert = alert;
    this.#connectionOf = connectionOf;
  }

  /** Takes over what a result says; published where it is news. */
  take(number: number, payment: PostingResult["payment"], time: string): void {
    const { currency, dueDate, payment: before, amount = 0n, dunning } = this.#book.at(number);
    const open = payment === null ? undefined : minorUnitsOf(payment.openAmount, currency);
    if (payment === null || open === undefined) return;
    if (before?.status === payment.status && before.open === open) return;
    this.#nextDay = null;
    this.#book.change(number, (posting) => {
      posting.payment = { status: payment.status, open };
    });
    const posting = this.#book.at(number);
    if (dueDate === undefined) return;
    this.#alert({
      kind: "payment",
      ...this.#base(posting, dueDate, time),
      status: payment.status,
      total: money(amount, currency),
    });
    const isSettled = open <= 0n || payment.status === "void";
    if (isSettled && dunning !== undefined) this.#enter(number, dueDate, undefined, 0, time);
  }

  /** Another catalog is in effect: stages may have changed. */
  forgetCatalog(): void {
    this.#nextDay = null;
  }

  /** First day on which an invoice comes to another stage; undefined where none will. */
  nextDunningDay(): string | undefined {
    if (this.#nextDay === null) this.#nextDay = this.#findNextDay();
    return this.#nextDay;
  }

  #findNextDay(): string | undefined {
    let next: string | undefined;
    for (const number of this.#book.unpaid()) {
      const { connection, dueDate, dunning } = this.#book.at(number);
      const stages = this.#connectionOf(connection)?.dunning ?? [];
      if (dueDate === undefined) continue;
      const place = stages.findIndex(({ stage }) => stage === dunning);
      const following = stages[place + 1];
      if (following === undefined) continue;
      const day = addDays(dueDate, following.days);
      if (next === undefined || day < next) next = day;
    }
    return next;
  }

  /** Brings invoices to the stages of a day. An invoice that is in none yet and in none by then stays as it is. */
  age(day: string, time: string): void {
    this.#nextDay = null;
    for (const number of this.#book.unpaid()) {
      const { connection, dueDate, dunning } = this.#book.at(number);
      const found = this.#connectionOf(connection);
      if (dueDate === undefined || found === undefined) continue;
      const daysPastDue = daysBetween(dueDate, day);
      const stage = dunningStage(found, daysPastDue);
      if (stage !== undefined && stage !== dunning) this.#enter(number, dueDate, stage, daysPastDue, time);
    }
  }

  #enter(
    number: number,
    dueDate: string,
    stage: string | undefined,
    daysPastDue: number,
    time: string,
  ): void {
    this.#book.change(number, (posting) => {
      posting.dunning = stage;
    });
    const base = this.#base(this.#book.at(number), dueDate, time);
    this.#alert({ kind: "dunning", ...base, stage: stage ?? null, daysPastDue });
  }

  #base(posting: Readonly<Posting>, dueDate: string, time: string) {
    const { account, customer, legalEntity, connection, key, currency, payment } = posting;
    const openAmount = money(payment?.open ?? 0n, currency);
    return { account, customer, legalEntity, connection, key, currency, openAmount, dueDate, time };
  }
}

function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function money(minorUnits: bigint, currency: string): string {
  return formatMinorUnits(minorUnits, currencyExponent(currency) ?? 0);
}
