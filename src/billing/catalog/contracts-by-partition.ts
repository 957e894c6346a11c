import { partitionOf } from "../../model/partition.ts";
import { runWhole, SliceBudget, type SlicedWork } from "../../model/sliced-work.ts";
import type { CompiledContract } from "./compiled.ts";

/** Contracts divided up at a time, and what one costs in units of `SliceBudget`. */
const PIECE = 256;
const DIVIDE_UNITS = 3;

interface Division {
  readonly byPartition: readonly CompiledContract[][];
  /** Contracts divided up so far. */
  done: number;
}

/** The contracts of each partition, sorted by id. Divided up once: the partitions of a worker share a catalog, and the work. */
export class ContractsByPartition {
  readonly #sorted: readonly CompiledContract[];
  readonly #divisions = new Map<number, Division>();

  constructor(contracts: readonly CompiledContract[]) {
    this.#sorted = contracts.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  of(partition: number, partitionCount: number): readonly CompiledContract[] {
    return runWhole(this.inSlices(partition, partitionCount, new SliceBudget()));
  }

  /** The same in slices; partitions that ask at the same time each do a part. */
  *inSlices(
    partition: number,
    partitionCount: number,
    budget: SliceBudget,
  ): SlicedWork<readonly CompiledContract[]> {
    const division = this.#divisionOf(partitionCount);
    while (division.done < this.#sorted.length) {
      const piece = this.#sorted.slice(division.done, division.done + PIECE);
      division.done += piece.length;
      for (const contract of piece)
        division.byPartition[partitionOf(contract.account, partitionCount)]?.push(contract);
      if (budget.spend(piece.length * DIVIDE_UNITS)) yield;
    }
    return division.byPartition[partition] ?? [];
  }

  #divisionOf(partitionCount: number): Division {
    let division = this.#divisions.get(partitionCount);
    if (division === undefined) {
      const byPartition = Array.from({ length: partitionCount }, (): CompiledContract[] => []);
      division = { byPartition, done: 0 };
      this.#divisions.set(partitionCount, division);
    }
    return division;
  }
}
