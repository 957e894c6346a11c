import type { Database, Statement } from "better-sqlite3";
import type { ParkedEvent } from "../model/outputs.ts";
import { TributaryError } from "../model/errors.ts";

interface Place {
  readonly sequence: number;
  readonly index: number;
}
interface Change extends Place {
  added: number;
  removed: number;
  lastAdded: ParkedEvent | undefined;
}

/**
 * Between two checkpoints an event can be parked and released, or released and parked again. The two lists don't
 * say in which order, and need not: an event stands there after the checkpoint if
 * (there before) + (times added) − (times removed) is 1. Anything but 0 and 1 is a fault in the caller's books.
 */
export class ParkedWriter {
  readonly #remove: Statement<[number, number]>;
  readonly #add: Statement<[ParkedEvent]>;
  readonly #exists: Statement<[number, number], number>;

  constructor(database: Database) {
    this.#remove = database.prepare(`DELETE FROM parked WHERE sequence = ? AND "index" = ?`);
    this.#add = database.prepare(
      `INSERT INTO parked VALUES (@sequence, @index, @reason, @account, @type, @region, @arrivalMs, @event)`,
    );
    this.#exists = database
      .prepare<[number, number], number>(`SELECT 1 FROM parked WHERE sequence = ? AND "index" = ?`)
      .pluck();
  }

  /** Throws `internal-fault` where an event would be parked twice or released without being there. */
  write(added: readonly ParkedEvent[], removed: readonly Place[]): void {
    const changes = new Map<string, Change>();
    const changeOf = ({ sequence, index }: Place): Change => {
      const name = `${sequence}/${index}`;
      let change = changes.get(name);
      if (change === undefined) {
        change = { sequence, index, added: 0, removed: 0, lastAdded: undefined };
        changes.set(name, change);
      }
      return change;
    };
    for (const event of added) {
      const change = changeOf(event);
      change.added += 1;
      change.lastAdded = event;
    }
    for (const place of removed) changeOf(place).removed += 1;
    for (const change of changes.values()) this.#apply(change);
  }

  #apply({ sequence, index, added, removed, lastAdded }: Change): void {
    const before = this.#exists.get(sequence, index) ?? 0;
    const after = before + added - removed;
    if (after !== 0 && after !== 1) {
      throw new TributaryError("internal-fault", "Parked events do not add up.", {
        details: { sequence, index, before, added, removed },
      });
    }
    if (before === 1 && removed > 0) this.#remove.run(sequence, index);
    if (after === 1 && lastAdded !== undefined) this.#add.run(lastAdded);
  }
}
