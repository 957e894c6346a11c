import type { FrozenDocument } from "../../billing/invoices/billing-document.ts";

/**
 * What documents wait for, by id: held ones for their tax, ready ones for their number. Of a month's end with a slow tax
 * service many are held while few are ready, so each are found without going through the others.
 */
export class WaitingDocuments {
  readonly #ready = new Set<string>();
  readonly #held = new Map<string, Set<string>>();

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  ready(): Iterable<string> {
    return this.#ready;
  }

  *held(): Generator<string> {
    for (const ids of this.#held.values()) yield* ids;
  }

  heldOf(contract: string): Iterable<string> {
    return this.#held.get(contract) ?? [];
  }

  /** A document was stored: it waits for what it says. */
  note({ id, contract, hold }: FrozenDocument): void {
    if (hold === undefined) {
      this.#ready.add(id);
      const ids = this.#held.get(contract);
      if (ids?.delete(id) === true && ids.size === 0) this.#held.delete(contract);
      return;
    }
    this.#ready.delete(id);
    const ids = this.#held.get(contract);
    if (ids === undefined) this.#held.set(contract, new Set([id]));
    else ids.add(id);
  }

  /** A document has its number. */
  finish(id: string): void {
    this.#ready.delete(id);
  }
}
