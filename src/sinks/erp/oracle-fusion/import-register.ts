import { MAX_REMEMBERED_IMPORTS } from "./limits.ts";

/**
 * Which documents imports were sent with, as far as this process knows. An import that is under way and not here may be one whose answer was lost;
 * one that is here has none but its own documents.
 */
export class ImportRegister {
  readonly #documents = new Map<string, Set<string>>();

  sent(id: string, externalIds: readonly string[]): void {
    const known = this.#documents.get(id) ?? new Set();
    for (const externalId of externalIds) known.add(externalId);
    // What was used last is forgotten last.
    this.#documents.delete(id);
    this.#documents.set(id, known);
    const [oldest] = this.#documents.keys();
    if (this.#documents.size > MAX_REMEMBERED_IMPORTS && oldest !== undefined) this.#documents.delete(oldest);
  }

  /** Whether an import may have a document. */
  mayHave(id: string, externalId: string): boolean {
    return this.#documents.get(id)?.has(externalId) ?? true;
  }
}
