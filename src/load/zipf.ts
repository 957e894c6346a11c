import { below, TWO_32 } from "./random.ts";

/**
 * Ranks by Zipf's law in constant time: rank k (from 0) has a share proportional to (k + 1)^−skew. Alias method of
 * Walker (1974), tables built as in Vose, "A linear algorithm for generating random numbers with a given distribution"
 * (IEEE Transactions on Software Engineering, 1991). 8 bytes a rank.
 */
export class ZipfRanks {
  readonly #ranks: number;
  /** Of 2^32 draws of the column, so many keep its rank; the others take its alias. */
  readonly #threshold: Uint32Array;
  readonly #alias: Uint32Array;

  /** `ranks` ≥ 1; `skew` ≥ 0, where 0 makes all ranks equal. */
  constructor(ranks: number, skew: number) {
    this.#ranks = ranks;
    this.#threshold = new Uint32Array(ranks);
    // Its own alias: a column that nothing else is done to keeps its rank whatever is drawn.
    this.#alias = Uint32Array.from({ length: ranks }, (_, rank) => rank);
    if (skew > 0) this.#build(skew);
  }

  #build(skew: number): void {
    const ranks = this.#ranks;
    const share = new Float64Array(ranks);
    let total = 0;
    for (let rank = 0; rank < ranks; rank++) total += share[rank] = (rank + 1) ** -skew;
    for (let rank = 0; rank < ranks; rank++) share[rank] = (share[rank]! * ranks) / total;
    // Both of Vose's work lists in one array: columns below the mean from its start, the others from its end.
    const open = new Uint32Array(ranks);
    let small = 0;
    let large = ranks;
    for (let rank = 0; rank < ranks; rank++) {
      if (share[rank]! < 1) open[small++] = rank;
      else open[--large] = rank;
    }
    // Columns that are left when either list is empty differ from the mean by rounding only, and keep their rank.
    while (small > 0 && large < ranks) {
      const receiver = open[--small]!;
      const giver = open[large]!;
      this.#threshold[receiver] = Math.floor(share[receiver]! * TWO_32);
      this.#alias[receiver] = giver;
      share[giver] = share[giver]! - (1 - share[receiver]!);
      if (share[giver] < 1) {
        large++;
        open[small++] = giver;
      }
    }
  }

  /** The rank of two words (0 … 2^32 − 1), 0 … ranks − 1. */
  rank(columnWord: number, thresholdWord: number): number {
    const column = below(columnWord, this.#ranks);
    return thresholdWord < this.#threshold[column]! ? column : this.#alias[column]!;
  }
}
