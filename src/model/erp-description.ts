import type { MappingTable, PostingKind } from "./posting.ts";

/** What a kind of ERP needs and can do: data only, so that a mapping is checked before anything is sent. */
export interface ErpDescription {
  /** Name of the adapter, as a connection's file says it: "netsuite". */
  readonly adapter: string;
  /** For people: "Oracle NetSuite". */
  readonly title: string;
  /** Kinds of documents that it takes. */
  readonly kinds: readonly PostingKind[];
  /** Fields that a row of a mapping table must have, by kind of document that uses the table. Tables left out are not needed. */
  readonly required: Readonly<
    Record<PostingKind, Readonly<Partial<Record<MappingTable, readonly string[]>>>>
  >;
  /** Fields that rows may have beside them. */
  readonly optional: Readonly<Partial<Record<MappingTable, readonly string[]>>>;
  /** Whether an unmapped item falls back to the row of key "*". */
  readonly fallback: readonly MappingTable[];
  /** Whether the ERP reverses a journal by itself on its reversal date; otherwise the reversal is a journal of its own. */
  readonly reversesJournals: boolean;
  /**
   * Whether it can be asked for a document. False: what went unanswered is sent again as it was, because the receiver recognises it
   * by its external id (a file of the same name, a webhook of the same id).
   */
  readonly canLookUp: boolean;
  /** Whether documents can be read back and compared. False: `confirmed` is a document's last state. */
  readonly canReadBack: boolean;
}
