import type { Database, Statement } from "better-sqlite3";
import type { Channel } from "../model/outputs.ts";
import { CHANNEL_GROUPS, PACK } from "./packed-id.ts";

/** What deliveries change in a state: absolute figures, so that writing them twice changes nothing. */
export interface DeliveryChanges {
  /** Where targets stand. */
  readonly cursors: readonly {
    readonly target: string;
    readonly channel: Channel;
    readonly ordinal: number;
  }[];
  /** Entries up to and with an ordinal that no target needs any more. */
  readonly prunes: readonly { readonly channel: Channel; readonly upToOrdinal: number }[];
}

/** Writes where the delivery targets stand and removes what all of them have. */
export class DeliveryWriter {
  readonly #setDelivered: Statement<[string, string, number]>;
  readonly #prune: Statement<[number, number, number, number]>;

  constructor(database: Database) {
    this.#setDelivered = database.prepare("INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?)");
    this.#prune = database.prepare(`DELETE FROM outbox WHERE id BETWEEN ${PACK} AND ${PACK}`);
  }

  write({ cursors, prunes }: DeliveryChanges): void {
    for (const { target, channel, ordinal } of cursors) this.#setDelivered.run(target, channel, ordinal);
    for (const { channel, upToOrdinal } of prunes) {
      const group = CHANNEL_GROUPS[channel];
      this.#prune.run(group, 0, group, upToOrdinal);
    }
  }
}
