import type { PostingState } from "../../../src/model/posting.ts";
import type { PostingDocument } from "../../../src/model/posting-store.ts";
import type { ComparedDocument, FoundDocument } from "../../../src/sinks/erp/erp-sink.ts";
import type { MachineContext } from "../../../src/sinks/posting/posting-machine.ts";
import { defaultPolicy } from "../../../src/sinks/posting/posting-policy.ts";
import type { Step } from "../../../src/sinks/posting/posting-transition.ts";

export const NOW_MS = Date.UTC(2026, 2, 10);
export const POLICY = defaultPolicy({ settleDelayMs: 60_000, requestDeadlineMs: 30_000 });
export const CONTEXT: MachineContext = { nowMs: NOW_MS, jitter: 0.5, policy: POLICY };

export function document(state: PostingState, fields: Partial<PostingDocument> = {}): PostingDocument {
  return {
    key: "invoice:1",
    isNew: false,
    kind: "invoice",
    partition: 3,
    revision: 1,
    position: 65_536,
    orderKey: "de:c1",
    contentHash: "a".repeat(64),
    currency: "EUR",
    amount: "119.00",
    state,
    sinceMs: NOW_MS - 8_000,
    attempt: 1,
    reason: null,
    code: null,
    message: null,
    erp: null,
    handle: null,
    dueMs: null,
    lastFault: null,
    faultCount: 0,
    payment: null,
    ...fields,
  };
}

export const EXPECTED: ComparedDocument = {
  customer: "614",
  legalEntity: "1",
  currency: "EUR",
  date: "2026-03-01",
  total: "119.00",
  tax: "19.00",
  lines: [
    { reference: "86", amount: "60.00" },
    { reference: "86", amount: "40" },
  ],
};

export function found(id: string, fields: Partial<ComparedDocument> = {}): FoundDocument {
  return {
    erp: { id, number: null },
    externalId: "trib-invoice:1",
    document: { ...EXPECTED, ...fields },
    payment: null,
  };
}

/** A step in short: where it leads, attempt and reason, and for how long it waits. */
export function told(step: Step): string {
  if (step.kind === "wait") return `wait ${step.untilMs - NOW_MS}`;
  const { to, attempt, reason, notBeforeMs, document: before } = step.transition;
  const parts = [to, `#${attempt ?? before.attempt}`, reason ?? ""];
  if (notBeforeMs !== undefined && notBeforeMs !== null) parts.push(`+${notBeforeMs - NOW_MS}`);
  return parts.filter((part) => part !== "").join(" ");
}
