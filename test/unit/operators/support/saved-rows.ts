import type { CheckpointParticipant, StateRow } from "../../../../src/model/store.ts";

/** What a store holds after the checkpoints it was given: spaces of rows in memory. */
export class SavedRows {
  readonly #spaces = new Map<string, Map<number, Uint8Array>>();

  checkpoint(participant: CheckpointParticipant): void {
    const rows: StateRow[] = [];
    const clearedSpaces: string[] = [];
    participant.collectChanges(rows, clearedSpaces);
    this.apply(rows, clearedSpaces);
  }

  apply(rows: readonly StateRow[], clearedSpaces: readonly string[]): void {
    for (const space of clearedSpaces) this.#spaces.delete(space);
    for (const { space, key, value } of rows) {
      const held = this.#spaces.get(space) ?? new Map<number, Uint8Array>();
      if (value === null) held.delete(key);
      else held.set(key, value);
      if (held.size === 0) this.#spaces.delete(space);
      else this.#spaces.set(space, held);
    }
  }

  rows(space: string): { key: number; value: Uint8Array }[] {
    return [...(this.#spaces.get(space) ?? [])]
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => a.key - b.key);
  }

  spaces(prefix: string): string[] {
    return [...this.#spaces.keys()].filter((space) => space.startsWith(prefix)).sort();
  }

  /** All rows as text, for comparing. */
  dump(): Record<string, Record<string, string>> {
    return Object.fromEntries(
      this.spaces("").map((space) => [
        space,
        Object.fromEntries(
          this.rows(space).map(({ key, value }) => [key, Buffer.from(value).toString("base64")]),
        ),
      ]),
    );
  }

  /** The values of a space one after the other. */
  concatenated(space: string): string {
    return Buffer.concat(this.rows(space).map(({ value }) => value)).toString("base64");
  }
}
