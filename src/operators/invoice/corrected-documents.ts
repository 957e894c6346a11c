import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import { KeyedRows, type RowCodec } from "../rate/keyed-rows.ts";

/** What has been given back of a final document. Minor units. */
export interface CorrectedDocument {
  readonly document: string;
  /** Of the amount of each line. */
  credited: readonly bigint[];
  /** Of what was to be paid in money. */
  money: bigint;
  isVoid: boolean;
  /** Of a credit note: the invoice that it credits and, line by line, which of its lines (from 0). Else undefined. */
  credits?: CreditedLines;
}

export interface CreditedLines {
  readonly document: string;
  readonly lines: readonly number[];
}

type Row = [
  document: string,
  credited: string[],
  money: string,
  isVoid: boolean,
  /** Left out of what is no credit note. */
  creditsDocument?: string,
  creditsLines?: readonly number[],
];

const packr = new Packr({ useRecords: false });

export const correctedDocumentCodec: RowCodec<CorrectedDocument> = {
  keyOf: ({ document }) => document,
  encode({ document, credited, money, isVoid, credits }) {
    const row: Row = [document, credited.map((amount) => amount.toString()), money.toString(), isVoid];
    if (credits !== undefined) row.push(credits.document, credits.lines);
    return packr.pack(row);
  },
  decode(value) {
    const row: Row = packr.unpack(value);
    const [document, credited, money, isVoid, creditsDocument, creditsLines = []] = row;
    const read = { document, credited: credited.map(BigInt), money: BigInt(money), isVoid };
    if (creditsDocument === undefined) return read;
    return { ...read, credits: { document: creditsDocument, lines: creditsLines } };
  },
};

/** Documents that were credited or voided, and credit notes, by id: what of them is left. All others are left whole. */
export class CorrectedDocuments implements CheckpointParticipant {
  readonly #rows = new KeyedRows("corrected-documents", correctedDocumentCodec);

  of(document: string): Readonly<CorrectedDocument> | undefined {
    const number = this.#rows.numberOf(document);
    return number === undefined ? undefined : this.#rows.at(number);
  }

  /** To change, before anything else happens. */
  change(document: string, lineCount: number): CorrectedDocument {
    const number =
      this.#rows.numberOf(document) ??
      this.#rows.add({
        document,
        credited: Array.from({ length: lineCount }, () => 0n),
        money: 0n,
        isVoid: false,
      });
    return this.#rows.change(number);
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.#rows.restore(store);
  }

  collectChanges(rows: StateRow[]): void {
    this.#rows.collectChanges(rows);
  }
}
