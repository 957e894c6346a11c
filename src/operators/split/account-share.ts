import { partitionOf } from "../../model/partition.ts";
import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";

/** The partition that a part of a state is for. */
export interface ShareOptions {
  readonly partition: number;
  /** Of the partition count that the state is divided by. */
  readonly partitionCount: number;
  /** Partition whose state is divided: what belongs to no account stays there. */
  readonly formerPartition: number;
  /** The catalog in effect at the state. */
  readonly catalog: Pick<CompiledCatalog, "contract" | "contractAt" | "meters">;
}

/** Says what of a state belongs to one partition of the new count. Each thing belongs to exactly one of them. */
export class AccountShare {
  /** Whether it is the part that stays in the partition whose state is divided. */
  readonly isFormer: boolean;
  readonly catalog: ShareOptions["catalog"];
  readonly #options: ShareOptions;
  readonly #accounts = new Map<string, boolean>();
  readonly #contracts = new Map<string, boolean>();

  constructor(options: ShareOptions) {
    this.#options = options;
    this.catalog = options.catalog;
    this.isFormer = options.partition === options.formerPartition;
  }

  ownsAccount(account: string): boolean {
    const known = this.#accounts.get(account);
    if (known !== undefined) return known;
    const { partition, partitionCount } = this.#options;
    const owns = partitionOf(account, partitionCount) === partition;
    this.#accounts.set(account, owns);
    return owns;
  }

  /** A contract goes with its account; one that the catalog does not know any more stays. */
  ownsContract(id: string): boolean {
    const known = this.#contracts.get(id);
    if (known !== undefined) return known;
    const contract = this.catalog.contract(id);
    const owns = contract === undefined ? this.isFormer : this.ownsAccount(contract.account);
    this.#contracts.set(id, owns);
    return owns;
  }

  /** A credit ledger goes with its contract: ids are `<contract>/currency` and `<contract>/meter/<meter>`. */
  ownsLedger(id: string): boolean {
    const ofMeter = /^(.*)\/meter\/[^/]+$/su.exec(id)?.[1];
    if (ofMeter !== undefined && this.catalog.contract(ofMeter) !== undefined)
      return this.ownsContract(ofMeter);
    return this.ownsContract(id.slice(0, Math.max(0, id.lastIndexOf("/"))));
  }

  /** Whether no contract covers an account at a time: its windows are counted under `NO_CONTRACT`. */
  isUncovered(account: string, timeMs: number): boolean {
    return this.catalog.contractAt(account, timeMs) === undefined;
  }
}
