import { partitionOf } from "../model/partition.ts";

/** Which accounts of a dictionary belong to another partition: one hash an account, not one an event or batch. */
export class AccountPlaces {
  readonly #partition: number;
  readonly #partitionCount: number;
  #accounts: readonly string[] = [];
  #known = 0;
  #misrouted = new Uint8Array(0);

  constructor(partition: number, partitionCount: number) {
    this.#partition = partition;
    this.#partitionCount = partitionCount;
  }

  /** 1 by account that belongs elsewhere; good until the next call. */
  misrouted(accounts: readonly string[]): Uint8Array {
    if (accounts !== this.#accounts) {
      this.#accounts = accounts;
      this.#known = 0;
    }
    if (this.#misrouted.length < accounts.length) {
      // Half as much again, so that growing is rare.
      const larger = new Uint8Array(Math.ceil(accounts.length * 1.5));
      larger.set(this.#misrouted);
      this.#misrouted = larger;
    }
    for (; this.#known < accounts.length; this.#known++) {
      const isOurs = partitionOf(accounts[this.#known] ?? "", this.#partitionCount) === this.#partition;
      this.#misrouted[this.#known] = isOurs ? 0 : 1;
    }
    return this.#misrouted;
  }
}
