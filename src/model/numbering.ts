/**
 * The port to the numbers of documents: gapless for each legal entity, whatever worker or partition asks. A document's
 * number follows from its rank: how many documents of its legal entity were named before it, and itself.
 */
export interface NumberingLog {
  /**
   * Ranks (from 1) of documents, in the order given. A document that was named before keeps its rank; the others are named
   * now. Rejects with `numbering-failed` where the log can't be reached or written; what was named then stays named, and
   * asking again gives the same ranks.
   */
  ranksOf(legalEntity: string, documents: readonly string[]): Promise<readonly number[]>;
}
