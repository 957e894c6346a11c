import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";

const SPACE = "operator-requests";
/**
 * Requests that a partition remembers, so that one that comes again is recognised: years of what people decide. The control
 * log keeps them all.
 */
export const MAX_REMEMBERED_REQUESTS = 10_000;

/** A request of an operator that was decided. */
export interface DecidedRequest {
  /** Place of its record in the control log. */
  readonly sequence: number;
  /** SHA-256 of the record. */
  readonly fingerprint: Uint8Array;
}

const packr = new Packr({ useRecords: false });
type Row = [request: string, sequence: number, fingerprint: Uint8Array];

/**
 * What operators decided over the operator channel, by the ids of their requests. The fingerprints are kept apart from the
 * control log: they tell whether the log still says what was decided.
 */
export class OperatorRequests implements CheckpointParticipant {
  /** In the order of their decisions; a row's key is its ordinal, from 1. */
  readonly #requests = new Map<string, DecidedRequest & { readonly ordinal: number }>();
  #lastOrdinal = 0;
  #last: DecidedRequest | undefined;
  #changed: StateRow[] = [];

  restore(store: Pick<PartitionStore, "rows">): void {
    for (const { key: ordinal, value } of store.rows(SPACE)) {
      const [request, sequence, fingerprint]: Row = packr.unpack(value);
      this.#add(request, { sequence, fingerprint: new Uint8Array(fingerprint) }, ordinal);
    }
  }

  collectChanges(rows: StateRow[]): void {
    rows.push(...this.#changed);
    this.#changed = [];
  }

  /** A request's record was applied. An id that is known already keeps its first decision. */
  decided(request: string, decision: DecidedRequest): void {
    if (this.#requests.has(request)) return;
    const ordinal = this.#lastOrdinal + 1;
    this.#add(request, decision, ordinal);
    const row: Row = [request, decision.sequence, decision.fingerprint];
    this.#changed.push({ space: SPACE, key: ordinal, value: packr.pack(row) });
    if (this.#requests.size <= MAX_REMEMBERED_REQUESTS) return;
    for (const [oldest, { ordinal: key }] of this.#requests) {
      this.#requests.delete(oldest);
      this.#changed.push({ space: SPACE, key, value: null });
      return;
    }
  }

  /** The decision of a request, undefined where there is none (or it was forgotten). */
  find(request: string): DecidedRequest | undefined {
    return this.#requests.get(request);
  }

  /** The last decision, undefined before the first. */
  get last(): DecidedRequest | undefined {
    return this.#last;
  }

  /** All that are remembered, in the order of their decisions. */
  entries(): Iterable<readonly [request: string, decision: DecidedRequest]> {
    return this.#requests;
  }

  #add(request: string, decision: DecidedRequest, ordinal: number): void {
    this.#requests.set(request, { ...decision, ordinal });
    this.#lastOrdinal = ordinal;
    this.#last = decision;
  }
}
