import { Packr } from "msgpackr";
import type { ErpReference, PaymentStatus, PostingKind, PostingState } from "../../model/posting.ts";
import type { RowCodec } from "../rate/keyed-rows.ts";

/** A document's state in a connection as its partition knows it; `waiting`: it has not been queued yet. */
export type PostingStatus = PostingState | "waiting";

/** States in which the ERP has the document. */
export const POSTED: ReadonlySet<PostingStatus> = new Set<PostingStatus>(["confirmed", "reconciled"]);

/** States in which a request may be under way: a second command beside it could be a second document. */
export const UNDER_WAY: ReadonlySet<PostingStatus> = new Set<PostingStatus>([
  "planned",
  "submitting",
  "accepted",
  "unknown",
]);

/** Why a document has not been queued. */
export type WaitingReason = "mapping-missing" | "adapter-unknown" | "kind-unsupported";

/** A document in an ERP connection. What it says is stored apart, by `content`. */
export interface Posting {
  readonly connection: string;
  readonly key: string;
  readonly kind: PostingKind;
  readonly legalEntity: string;
  readonly currency: string;
  /** "" for journals; of customers the customer. */
  readonly customer: string;
  /** "" for customers and journals. */
  readonly account: string;
  /** Issue date of a document, accounting date of a journal; of a customer the day of the document that it was queued for. */
  day: string;
  /** Undefined where nothing is to be paid. */
  readonly dueDate: string | undefined;
  /** What the document comes to, minor units: of a credit memo negative. Undefined for customers and journals. */
  readonly amount: bigint | undefined;
  /** Ordinal of the stored document. */
  content: number;
  /** SHA-256 of its content, hexadecimal: of customers, which change; "" for others. */
  contentHash: string;
  /** Revision of the command that was queued last, or that waits. */
  revision: number;
  state: PostingStatus;
  /** What state and reason are explained by; undefined where the state says it all. */
  reason: string | undefined;
  code: string | undefined;
  message: string | undefined;
  /** What the mapping lacks, for people: of one that waits. */
  missing: readonly string[];
  /** First digits of the hash of the mapping's values that were sent last; "" before the first time. */
  references: string;
  erp: ErpReference | undefined;
  payment: { readonly status: PaymentStatus; readonly open: bigint } | undefined;
  /** Stage of dunning; undefined before the first. */
  dunning: string | undefined;
  /** Sequence in POSTINGS_<connection> that the state is of; 0 before the first result. */
  posting: number;
}

const packr = new Packr({ useRecords: false });

type Row = [
  connection: string,
  key: string,
  kind: PostingKind,
  legalEntity: string,
  currency: string,
  customer: string,
  account: string,
  day: string,
  dueDate: string | null,
  amount: string | null,
  content: number,
  contentHash: string,
  revision: number,
  state: PostingStatus,
  explained: [reason: string | null, code: string | null, message: string | null],
  missing: string[],
  references: string,
  erp: [id: string, number: string | null] | null,
  payment: [status: PaymentStatus, open: string] | null,
  dunning: string | null,
  posting: number,
];

export function postingName(connection: string, key: string): string {
  return `${connection}\u0000${key}`;
}

export const postingCodec: RowCodec<Posting> = {
  keyOf: ({ connection, key }) => postingName(connection, key),
  encode(posting) {
    const { reason, code, message, erp, payment } = posting;
    const row: Row = [
      posting.connection,
      posting.key,
      posting.kind,
      posting.legalEntity,
      posting.currency,
      posting.customer,
      posting.account,
      posting.day,
      posting.dueDate ?? null,
      posting.amount?.toString() ?? null,
      posting.content,
      posting.contentHash,
      posting.revision,
      posting.state,
      [reason ?? null, code ?? null, message ?? null],
      [...posting.missing],
      posting.references,
      erp === undefined ? null : [erp.id, erp.number],
      payment === undefined ? null : [payment.status, payment.open.toString()],
      posting.dunning ?? null,
      posting.posting,
    ];
    return packr.pack(row);
  },
  decode(value) {
    const row: Row = packr.unpack(value);
    const [connection, key, kind, legalEntity, currency, customer, account, day, dueDate, amount] = row;
    const [, , , , , , , , , , content, contentHash, revision, state, explained, missing] = row;
    const [, , , , , , , , , , , , , , , , references, erp, payment, dunning, posting] = row;
    const [reason, code, message] = explained;
    return {
      connection,
      key,
      kind,
      legalEntity,
      currency,
      customer,
      account,
      day,
      dueDate: dueDate ?? undefined,
      amount: amount === null ? undefined : BigInt(amount),
      content,
      contentHash,
      revision,
      state,
      reason: reason ?? undefined,
      code: code ?? undefined,
      message: message ?? undefined,
      missing,
      references,
      erp: erp === null ? undefined : { id: erp[0], number: erp[1] },
      payment: payment === null ? undefined : { status: payment[0], open: BigInt(payment[1]) },
      dunning: dunning ?? undefined,
      posting,
    };
  },
};
