import type { PaymentStatus, PostingKind, PostingState } from "../../model/posting.ts";
import type { PostingDocument } from "../../model/posting-store.ts";

/** A row of `documents`, by the names of its columns. */
export interface DocumentRow {
  readonly key: string;
  readonly kind: PostingKind;
  readonly partition: number;
  readonly revision: number;
  readonly position: number;
  readonly order_key: string;
  readonly content_hash: string;
  readonly currency: string | null;
  readonly amount: string | null;
  readonly state: PostingState;
  readonly since_ms: number;
  readonly attempt: number;
  readonly reason: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly erp_id: string | null;
  readonly erp_number: string | null;
  readonly handle: string | null;
  readonly due_ms: number | null;
  readonly last_fault: string | null;
  readonly fault_count: number;
  readonly waiting: number;
  readonly stuck: number;
  readonly lane: number | null;
  readonly ready: number;
  readonly is_new: number;
  readonly told: PostingState;
  readonly payment_status: PaymentStatus | null;
  readonly payment_total: string | null;
  readonly payment_open: string | null;
}

export function documentOf(row: DocumentRow): PostingDocument {
  const { payment_status: status, payment_total: total, payment_open: openAmount } = row;
  return {
    key: row.key,
    isNew: row.is_new === 1,
    kind: row.kind,
    partition: row.partition,
    revision: row.revision,
    position: row.position,
    orderKey: row.order_key,
    contentHash: row.content_hash,
    currency: row.currency,
    amount: row.amount,
    state: row.state,
    sinceMs: row.since_ms,
    attempt: row.attempt,
    reason: row.reason,
    code: row.code,
    message: row.message,
    erp: row.erp_id === null ? null : { id: row.erp_id, number: row.erp_number },
    handle: row.handle,
    dueMs: row.due_ms,
    lastFault: row.last_fault,
    faultCount: row.fault_count,
    payment: status === null || total === null || openAmount === null ? null : { status, total, openAmount },
  };
}
