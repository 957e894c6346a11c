import type { PostingState } from "../../model/posting.ts";
import type { PostingDesk } from "./posting-desk.ts";
import { newerCommand } from "./posting-decisions.ts";
import { recheck, resend } from "./posting-machine.ts";

/** Newer commands decided by one message of records. */
const NEWER_AT_ONCE = 100;
const RESENDS_AT_ONCE = 100;
/** Held documents tried at once where those before them were taken; one where they were held again. */
const MAX_RECHECKS = 64;
/** An ERP that works by itself says only later whether the period is open. */
const UNDER_WAY: ReadonlySet<PostingState> = new Set(["planned", "submitting", "accepted", "unknown"]);
/** Where none was taken, the next one is tried after this: a closed period of 100,000 documents costs six requests a minute. */
const RECHECK_PAUSE_MS = 10_000;

/**
 * Steps that need a record and no request: newer commands of a key, documents of closed periods that are tried again, and those without an
 * answer of an ERP that can't be asked.
 */
export class FreeSteps {
  readonly #desk: PostingDesk;
  #rechecked: readonly string[] = [];
  #recheckAtOnce = 1;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(desk: PostingDesk) {
    this.#desk = desk;
  }

  /** What is due now, of documents that are not busy: keys and the work that takes them on; undefined where nothing is. */
  next(
    busy: ReadonlySet<string>,
  ): { readonly keys: readonly string[]; readonly run: () => Promise<void> } | undefined {
    return this.#newer(busy) ?? this.#resends(busy) ?? this.#rechecks(busy);
  }

  /** Milliseconds until there may be something that nothing else tells of; Infinity where there won't be. */
  waitMs(): number {
    const waitMs = this.#pausedUntilMs - this.#desk.clock.nowMs();
    return waitMs > 0 ? waitMs : Number.POSITIVE_INFINITY;
  }

  #newer(busy: ReadonlySet<string>) {
    const found = this.#desk.store
      .newerCommands(NEWER_AT_ONCE)
      .filter(({ document }) => !busy.has(document.key));
    const steps = found.flatMap(({ document, newer }) => newerCommand(document, newer) ?? []);
    if (steps.length === 0) return undefined;
    const keys = found.map(({ document }) => document.key);
    return { keys, run: () => this.#desk.take(steps) };
  }

  #resends(busy: ReadonlySet<string>) {
    const desk = this.#desk;
    if (desk.sink.description.canLookUp) return undefined;
    const documents = desk.store
      .due("unknown", desk.clock.nowMs(), RESENDS_AT_ONCE)
      .filter(({ key }) => !busy.has(key));
    if (documents.length === 0) return undefined;
    const steps = documents.map((document) => resend(document, desk.context()));
    return { keys: documents.map(({ key }) => key), run: () => desk.take(steps) };
  }

  /**
   * One held document goes first. A closed period holds thousands, and each that is tried in vain costs a request: so more are tried
   * at once only while of those before them some were taken.
   */
  #rechecks(busy: ReadonlySet<string>) {
    const { store, clock } = this.#desk;
    if (!this.#isLastSettled(busy) || clock.nowMs() < this.#pausedUntilMs) return undefined;
    const documents = store
      .due("held", clock.nowMs(), this.#recheckAtOnce + busy.size)
      .filter(({ key }) => !busy.has(key))
      .slice(0, this.#recheckAtOnce);
    if (documents.length === 0) return undefined;
    const keys = documents.map(({ key }) => key);
    this.#rechecked = keys;
    return { keys, run: () => this.#desk.take(documents.map(recheck)) };
  }

  #isLastSettled(busy: ReadonlySet<string>): boolean {
    if (this.#rechecked.length === 0) return true;
    // Until the record is applied the store still has them as held.
    if (this.#rechecked.some((key) => busy.has(key))) return false;
    const states = this.#rechecked.map((key) => this.#desk.store.document(key)?.state);
    if (states.some((state) => state !== undefined && UNDER_WAY.has(state))) return false;
    const held = states.filter((state) => state === "held").length;
    if (held === 0) this.#recheckAtOnce = Math.min(MAX_RECHECKS, this.#recheckAtOnce * 2);
    if (held === states.length) {
      this.#recheckAtOnce = 1;
      this.#pausedUntilMs = this.#desk.clock.nowMs() + RECHECK_PAUSE_MS;
    }
    this.#rechecked = [];
    return true;
  }
}
