import { nextOccurrence } from "../recurrence.ts";
import { type DueEvent, nextDue } from "./due-events.ts";
import { covers, type CreditSource, type GrantTerms } from "./grant-terms.ts";
import type { LedgerEntry, LedgerEntryKind } from "./ledger-entries.ts";
import { burnOrder, type CreditLedgerState, type GrantState } from "./ledger-state.ts";
import { takeBurn, tallyBurn } from "./source-burns.ts";

/** What one grant paid. */
export interface CreditPart {
  readonly grant: string;
  readonly amount: bigint;
}

export interface BurnOutcome {
  /** In burn order. */
  readonly parts: readonly CreditPart[];
  readonly burned: bigint;
  /** What found no credits. */
  readonly overage: bigint;
}

export interface RestoreOutcome {
  /** Given back and usable again. */
  readonly restored: bigint;
  /** Given back to grants or terms that are over: gone at once, as if they had never been used. */
  readonly lapsed: bigint;
  /** What had found no credits in the first place. */
  readonly overage: bigint;
  /** More than was ever used. */
  readonly unmatched: bigint;
}

/** Thrown by a burn that was to be paid in full or not at all. Nothing was burned. */
export class InsufficientCredits extends Error {
  readonly available: bigint;

  constructor(asked: bigint, available: bigint) {
    super(`insufficient balance: ${asked} asked, ${available} available`);
    this.name = "InsufficientCredits";
    this.available = available;
  }
}

/**
 * The credits of one account in one unit (minor units of a currency, or a meter's last place). Every change is an entry of
 * an append-only ledger; the entries' fold is the balance, which is never negative. Time comes with each operation and
 * never goes back: an operation of an earlier time counts at the time of the last. What falls due by then (grants that
 * become effective, recur or expire) is booked first, at its own time.
 */
export class CreditLedger {
  readonly #state: CreditLedgerState;
  #entries: LedgerEntry[] = [];

  /** Goes on from a state, which the ledger then owns. */
  constructor(state: CreditLedgerState) {
    this.#state = state;
  }

  static open(id: string, startMs: number, shortfall: CreditLedgerState["shortfall"]): CreditLedger {
    return new CreditLedger({ id, shortfall, timeMs: startMs, ordinal: 0, grants: [], overages: [] });
  }

  /** What a checkpoint stores; `encodeLedger` makes a row of it. */
  get state(): Readonly<CreditLedgerState> {
    return this.#state;
  }

  /** Entries that were booked since the last call, to be appended to the ledger. */
  takeEntries(): readonly LedgerEntry[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }

  /** Adds a grant, which becomes effective at its time (now, where that is past). Throws RangeError for an id in use. */
  addGrant(terms: GrantTerms, atMs: number): void {
    if (this.#state.grants.some((grant) => grant.terms.id === terms.id))
      throw new RangeError(`grant ${terms.id} is there already`);
    checkTerms(terms);
    this.#settle(atMs);
    this.#state.grants.push({
      terms,
      phase: "pending",
      balance: 0n,
      expiresMs: terms.expiresMs,
      nextRecurrenceMs: undefined,
      isExtended: false,
      burns: [],
    });
    this.#settle(atMs);
  }

  /** Takes a grant back: what is left of it can't be used from then on. Nothing where it is over already. */
  voidGrant(id: string, atMs: number): void {
    const grant = this.#state.grants.find(({ terms }) => terms.id === id);
    if (grant === undefined) throw new RangeError(`no grant ${id}`);
    this.#settle(atMs);
    if (grant.phase === "expired" || grant.phase === "voided") return;
    this.#take(grant, "void", grant.balance);
    grant.phase = "voided";
  }

  /** Books what falls due up to a time, that moment included. */
  advance(toMs: number): void {
    this.#settle(toMs);
  }

  /** A billing period has closed: the balances of grants that roll over then are brought within their bounds. */
  endPeriod(atMs: number): void {
    this.#settle(atMs);
    for (const grant of this.#inBurnOrder())
      if (grant.terms.rollover?.at === "period_end") this.#rollOver(grant);
    this.#payCarried();
  }

  /**
   * Uses credits for `amount` ≥ 0, in burn order.
   * @throws InsufficientCredits where `whenShort` is `refuse` and they don't suffice
   */
  burn(
    source: CreditSource,
    amount: bigint,
    atMs: number,
    whenShort: "partial" | "refuse" = "partial",
  ): BurnOutcome {
    checkAmount(amount);
    this.#settle(atMs);
    const available = this.balanceFor(source);
    if (whenShort === "refuse" && available < amount) throw new InsufficientCredits(amount, available);
    const parts = this.#pay(source, amount);
    const burned = parts.reduce((sum, part) => sum + part.amount, 0n);
    this.#addOverage(source, amount - burned);
    return { parts, burned, overage: amount - burned };
  }

  /** Uses credits for `burned` ≥ 0 in burn order, and counts `overage` ≥ 0 as use that found none: undoes `giveBack`. */
  burnAgain(source: CreditSource, overage: bigint, burned: bigint, atMs: number): BurnOutcome {
    checkAmount(overage);
    const outcome = this.burn(source, burned, atMs);
    this.#addOverage(source, overage);
    return { ...outcome, overage: outcome.overage + overage };
  }

  /**
   * Undoes use of `amount` ≥ 0, because a correction made it less: first what had found no credits, then burns, the last
   * in burn order first.
   */
  restore(source: CreditSource, amount: bigint, atMs: number): RestoreOutcome {
    checkAmount(amount);
    this.#settle(atMs);
    const overage = lesser(amount, this.#overageOf(source)?.amount ?? 0n);
    return this.giveBack(source, overage, amount - overage, atMs);
  }

  /**
   * Undoes use of which it is known how it was paid: `overage` without credits, `burned` by credits, the last in burn order
   * first. Both ≥ 0.
   */
  giveBack(source: CreditSource, overage: bigint, burned: bigint, atMs: number): RestoreOutcome {
    checkAmount(burned);
    this.#settle(atMs);
    this.#addOverage(source, -lesser(overage, this.#overageOf(source)?.amount ?? 0n));
    let left = burned;
    let restored = 0n;
    for (const grant of this.#inBurnOrder().reverse()) {
      const part = takeBurn(grant, source, "current", left);
      this.#post(grant, "restore", part, source);
      restored += part;
      left -= part;
    }
    let lapsed = 0n;
    for (const grant of [...this.#state.grants].sort(burnOrder).reverse()) {
      const isOver = grant.phase === "expired" || grant.phase === "voided";
      const current = isOver ? takeBurn(grant, source, "current", left) : 0n;
      const part = current + takeBurn(grant, source, "earlier", left - current);
      this.#post(grant, "restore", part, source);
      this.#take(grant, grant.phase === "voided" ? "void" : "expire", part);
      lapsed += part;
      left -= part;
    }
    this.#payCarried();
    return { restored, lapsed, overage, unmatched: left };
  }

  /** What can be used now. */
  balance(): bigint {
    return this.#state.grants.reduce((sum, grant) => sum + grant.balance, 0n);
  }

  /** What can be used now for a source. */
  balanceFor(source: CreditSource): bigint {
    return this.#inBurnOrder()
      .filter(({ terms }) => covers(terms, source))
      .reduce((sum, grant) => sum + grant.balance, 0n);
  }

  /** Use that has found no credits: in all or, where it is carried, so far. */
  overage(): bigint {
    return this.#state.overages.reduce((sum, overage) => sum + overage.amount, 0n);
  }

  #settle(untilMs: number): void {
    const toMs = untilMs > this.#state.timeMs ? untilMs : this.#state.timeMs;
    for (;;) {
      const { grants, timeMs } = this.#state;
      const due = nextDue(grants, timeMs);
      if (due === undefined || due.timeMs > toMs) break;
      // All of one moment is booked before carried overage is paid, so that nothing pays at the moment it expires.
      this.#state.timeMs = due.timeMs;
      for (
        let next: DueEvent | undefined = due;
        next?.timeMs === due.timeMs;
        next = nextDue(grants, due.timeMs)
      )
        this.#book(next);
      this.#payCarried();
    }
    this.#state.timeMs = toMs;
  }

  #book({ kind, grant }: DueEvent): void {
    if (kind === "activation") this.#activate(grant);
    else if (kind === "expiry") this.#expire(grant);
    else this.#recur(grant);
  }

  #activate(grant: GrantState): void {
    grant.phase = "active";
    grant.nextRecurrenceMs = this.#recurrenceAfter(grant, this.#state.timeMs);
    this.#post(grant, "grant", grant.terms.openingAmount ?? grant.terms.amount, undefined);
  }

  #recur(grant: GrantState): void {
    const atMs = grant.nextRecurrenceMs ?? this.#state.timeMs;
    grant.nextRecurrenceMs = this.#recurrenceAfter(grant, atMs);
    if (grant.terms.rollover?.at === "recurrence") this.#rollOver(grant);
    else this.#take(grant, "expire", grant.balance);
    for (const burn of grant.burns) {
      burn.earlier += burn.current;
      burn.current = 0n;
    }
    this.#post(grant, "grant", grant.terms.amount, undefined);
  }

  #expire(grant: GrantState): void {
    const { rollover } = grant.terms;
    if (rollover?.at === "expiry" && !grant.isExtended) {
      grant.isExtended = true;
      grant.expiresMs = (grant.expiresMs ?? this.#state.timeMs) + rollover.extensionMs;
      this.#rollOver(grant);
      return;
    }
    this.#take(grant, "expire", grant.balance);
    grant.phase = "expired";
  }

  #rollOver(grant: GrantState): void {
    const { minimum, maximum } = grant.terms.rollover ?? { minimum: 0n, maximum: 0n };
    if (grant.balance > maximum) this.#take(grant, "expire", grant.balance - maximum);
    if (grant.balance < minimum) this.#post(grant, "grant", minimum - grant.balance, undefined);
    if (grant.balance > 0n) this.#post(grant, "rollover", grant.balance, undefined);
  }

  #recurrenceAfter(grant: GrantState, timeMs: number): number | undefined {
    const { recurrence } = grant.terms;
    return recurrence === undefined ? undefined : nextOccurrence(recurrence, timeMs);
  }

  #payCarried(): void {
    const { overages, shortfall } = this.#state;
    if (shortfall !== "carry") return;
    // A copy: what is paid in full leaves the list.
    for (const { product, meter, amount } of overages.map((overage) => ({ ...overage }))) {
      const source = { product, meter };
      for (const part of this.#pay(source, amount)) this.#addOverage(source, -part.amount);
    }
  }

  #pay(source: CreditSource, amount: bigint): CreditPart[] {
    const parts: CreditPart[] = [];
    let left = amount;
    for (const grant of this.#inBurnOrder()) {
      const part = covers(grant.terms, source) ? lesser(left, grant.balance) : 0n;
      if (part === 0n) continue;
      this.#post(grant, "burn", part, source);
      tallyBurn(grant, source, part);
      parts.push({ grant: grant.terms.id, amount: part });
      left -= part;
    }
    return parts;
  }

  #inBurnOrder(): GrantState[] {
    return this.#state.grants.filter(({ phase }) => phase === "active").sort(burnOrder);
  }

  #overageOf(source: CreditSource) {
    return this.#state.overages.find(
      ({ product, meter }) => product === source.product && meter === source.meter,
    );
  }

  #addOverage(source: CreditSource, amount: bigint): void {
    if (amount === 0n) return;
    const { overages } = this.#state;
    const known = this.#overageOf(source);
    if (known === undefined) {
      overages.push({ product: source.product, meter: source.meter, amount });
      return;
    }
    known.amount += amount;
    if (known.amount === 0n) overages.splice(overages.indexOf(known), 1);
  }

  #take(grant: GrantState, kind: "expire" | "void", amount: bigint): void {
    this.#post(grant, kind, amount, undefined);
  }

  /** Books an entry, and what it does to the balance. Nothing is booked for nothing. */
  #post(grant: GrantState, kind: LedgerEntryKind, amount: bigint, source: CreditSource | undefined): void {
    if (amount === 0n) return;
    if (kind === "grant" || kind === "restore") grant.balance += amount;
    else if (kind !== "rollover") grant.balance -= amount;
    if (grant.balance < 0n) throw new RangeError(`grant ${grant.terms.id} would be below 0`);
    this.#state.ordinal += 1;
    this.#entries.push({
      id: `${this.#state.id}/${this.#state.ordinal}`,
      ordinal: this.#state.ordinal,
      kind,
      timeMs: this.#state.timeMs,
      grant: grant.terms.id,
      amount,
      source: source === undefined ? undefined : { product: source.product, meter: source.meter },
    });
  }
}

function checkTerms(terms: GrantTerms): void {
  checkAmount(terms.amount);
  checkAmount(terms.openingAmount ?? 0n);
  const { rollover } = terms;
  if (rollover !== undefined && (rollover.minimum < 0n || rollover.maximum < rollover.minimum))
    throw new RangeError(`grant ${terms.id}: rollover bounds ${rollover.minimum}–${rollover.maximum}`);
  if (terms.expiresMs !== undefined && terms.expiresMs <= terms.effectiveMs)
    throw new RangeError(`grant ${terms.id} expires before it is effective`);
}

function checkAmount(amount: bigint): void {
  if (amount < 0n) throw new RangeError("an amount of credits is not negative");
}

function lesser(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
