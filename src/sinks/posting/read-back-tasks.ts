import { POSTING_SCHEMA_VERSION } from "../../model/posting.ts";
import type { PostingDocument } from "../../model/posting-store.ts";
import { parseDecimal } from "../../model/decimal.ts";
import { equalDecimals } from "../../model/exact-sum.ts";
import type { FoundDocument, PlannedPosting } from "../erp/erp-sink.ts";
import type { RequestSlot } from "./erp-requests.ts";
import type { UnchainedRecord } from "./posting-chain.ts";
import type { PostingDesk } from "./posting-desk.ts";
import { lookFailed, readBack, type Fault } from "./posting-machine.ts";
import { write, type Step } from "./posting-transition.ts";

/** Invoices that a poll of payments did not find are remembered so that one that stays missing is told; bounded. */
const MAX_MISSING = 10_000;
const UNPLANNED: Fault = { kind: "validation", code: null, message: "It can't be planned any more." };

interface Read {
  readonly document: PostingDocument;
  readonly plan: PlannedPosting;
  readonly found: readonly FoundDocument[];
}

/**
 * Reads confirmed documents back, many by one request, and compares header and lines. What is paid of an invoice has been read with it: it is asked
 * about after an interval.
 */
export async function readBackDocuments(
  desk: PostingDesk,
  documents: readonly PostingDocument[],
  slot: RequestSlot,
  paymentIntervalMs: number,
): Promise<void> {
  const read = await readTogether(desk, documents, slot);
  if (read === undefined) return;
  const steps: Step[] = [];
  const payments: UnchainedRecord[] = [];
  const reconciled: string[] = [];
  for (const { document, plan, found } of read) {
    const step = readBack(document, plan, found, desk.context());
    if (step.kind === "wait") desk.store.defer([document.key], step.untilMs);
    else steps.push(step);
    if (step.kind === "write" && step.transition.to === "reconciled") {
      payments.push(...paymentRecords(desk, document, found));
      reconciled.push(document.key);
    }
  }
  await desk.take(steps, payments);
  // The record sets the time itself, so this comes behind it.
  desk.store.deferPayments(reconciled, desk.clock.nowMs() + paymentIntervalMs);
}

/** Asks what has been paid of invoices; says so where it has changed, and where the ERP's document is no longer what was posted. */
export class PaymentPolls {
  readonly #desk: PostingDesk;
  readonly #intervalMs: number;
  readonly #stretchMs: () => number;
  /** Since when each is missing. */
  readonly #missing = new Map<string, number>();

  /** @param stretchMs by how much longer than the interval the times in the store are left alone */
  constructor(desk: PostingDesk, intervalMs: number, stretchMs: () => number) {
    this.#desk = desk;
    this.#intervalMs = intervalMs;
    this.#stretchMs = stretchMs;
  }

  /** False where there was no answer, which puts them off. */
  async poll(documents: readonly PostingDocument[], slot: RequestSlot): Promise<boolean> {
    const desk = this.#desk;
    const read = await readTogether(desk, documents, slot, this.#stretchMs());
    if (read === undefined) return false;
    const keys = read.map(({ document }) => document.key);
    const steps: Step[] = [];
    const payments: UnchainedRecord[] = [];
    for (const { document, plan, found } of read) {
      const step = this.#changed(document, plan, found);
      if (step === undefined) payments.push(...paymentRecords(desk, document, found));
      else steps.push(step);
    }
    await desk.take(steps, payments);
    // A payment that was written sets the time itself, so this comes behind it.
    desk.store.deferPayments(keys, desk.clock.nowMs() + this.#intervalMs);
    return true;
  }

  /** A conflict where the ERP has it no more, or has changed it. A void one is not compared: that is what the payment says. */
  #changed(
    document: PostingDocument,
    plan: PlannedPosting,
    found: readonly FoundDocument[],
  ): Step | undefined {
    const { key } = document;
    if (document.state !== "reconciled") return undefined;
    if (found.length === 0) {
      // An index of the ERP may lag: one that is still missing an interval later is missing.
      const nowMs = this.#desk.clock.nowMs();
      const sinceMs = this.#missing.get(key);
      if (sinceMs === undefined) {
        if (this.#missing.size < MAX_MISSING) this.#missing.set(key, nowMs);
        return undefined;
      }
      if (nowMs - sinceMs < this.#intervalMs) return undefined;
      this.#missing.delete(key);
      return write(document, "conflict", {
        reason: "read-back-missing",
        message: "The ERP does not have the document any more.",
      });
    }
    this.#missing.delete(key);
    if (found[0]?.payment?.status === "void" || document.reason === "adopted") return undefined;
    const step = readBack(document, plan, found, this.#desk.context());
    return step.kind === "write" && step.transition.to === "conflict" ? step : undefined;
  }
}

/** One request for all; undefined where there was no answer, which puts them off. */
async function readTogether(
  desk: PostingDesk,
  documents: readonly PostingDocument[],
  slot: RequestSlot,
  stretchMs = 0,
): Promise<readonly Read[] | undefined> {
  const plans = new Map<string, PlannedPosting>();
  for (const { key } of documents) {
    const made = desk.plan(key);
    if ("plan" in made) plans.set(key, made.plan);
  }
  // One that can't be planned any more, though it was sent, is not asked about in each turn.
  putOff(
    desk,
    documents.filter(({ key }) => !plans.has(key)),
    UNPLANNED,
    stretchMs,
  );
  if (plans.size === 0) {
    desk.requests.giveBack(slot);
    return [];
  }
  const outcome = await desk.requests.send(slot, 1, (context) =>
    desk.sink.readBack([...plans.values()], context),
  );
  if (outcome.kind === "not-sent") return undefined;
  if (outcome.kind === "fault") {
    desk.readBackSize.failed(outcome.fault.kind, plans.size);
    putOff(desk, documents, outcome.fault, stretchMs);
    return undefined;
  }
  desk.readBackSize.answered();
  const found = new Map<string, FoundDocument[]>();
  for (const document of outcome.answer) {
    const others = found.get(document.externalId);
    if (others === undefined) found.set(document.externalId, [document]);
    else others.push(document);
  }
  return documents.flatMap((document) => {
    const plan = plans.get(document.key);
    return plan === undefined ? [] : [{ document, plan, found: found.get(plan.externalId) ?? [] }];
  });
}

/** @param stretchMs is left out of the time, since it comes on top of it where payments are chosen */
function putOff(
  desk: PostingDesk,
  documents: readonly PostingDocument[],
  fault: Fault,
  stretchMs: number,
): void {
  for (const document of documents) {
    const step = lookFailed(document, fault, desk.context());
    if (step.kind !== "wait") continue;
    if (document.state === "confirmed") desk.store.defer([document.key], step.untilMs);
    else desk.store.deferPayments([document.key], step.untilMs - stretchMs);
  }
}

/** What the ERP says of payments, where it differs from what is known. */
function paymentRecords(
  desk: PostingDesk,
  { key, kind, partition, payment, currency }: PostingDocument,
  found: readonly FoundDocument[],
): UnchainedRecord[] {
  const [first] = found;
  if (kind !== "invoice" || first === undefined || first.payment === null) return [];
  const { status, openAmount } = first.payment;
  const total = first.document.total ?? openAmount;
  // Something else than an amount is the adapter's fault, and no news of a payment.
  if (parseDecimal(openAmount) === undefined || parseDecimal(total) === undefined) return [];
  const isKnown =
    payment !== null &&
    payment.status === status &&
    equalDecimals(payment.openAmount, openAmount) &&
    equalDecimals(payment.total, total);
  if (isKnown) return [];
  const { nowMs, epoch } = desk.stamp();
  return [
    {
      schemaVersion: POSTING_SCHEMA_VERSION,
      kind: "payment",
      at: new Date(nowMs).toISOString(),
      epoch,
      key,
      partition,
      status,
      total,
      openAmount,
      currency: first.document.currency ?? currency ?? "",
    },
  ];
}
