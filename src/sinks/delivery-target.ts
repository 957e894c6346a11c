import type { Channel, OutboxEntry } from "../model/outputs.ts";

/** Where committed entries of one channel of one partition go. */
export interface DeliveryTarget {
  /** Unique in the partition; the name of its cursor in the state. */
  readonly name: string;
  readonly channel: Channel;
  /** False where the target can't say what it has; `lastDelivered` is then always 0. */
  readonly provesDelivery: boolean;
  /** Last ordinal that the target itself proves it has; 0 where it has none. */
  lastDelivered(): Promise<number>;
  /**
   * Makes the target refuse what another process delivers, from here on; returns the last ordinal that it has. To be
   * called before the first delivery. `owner` is unique to this process. Absent where a target can't tell owners apart.
   */
  fence?(owner: string): Promise<number>;
  /**
   * Delivers entries with ordinals in order and without holes; resolves when they are stored there for good. After
   * a rejection the same entries are given again, so what is there already must not be stored twice (or the
   * target's documentation says that it can be).
   */
  deliver(entries: readonly OutboxEntry[]): Promise<void>;
}
