import type { PostingCommand, PostingState } from "../../../src/model/posting.ts";
import { ErpFault, type PlannedPosting } from "../../../src/sinks/erp/erp-sink.ts";
import { customerCommand, invoiceCommand, journalCommand } from "../../support/posting/commands.ts";
import { DEADLINE_MS, SETTLE_MS } from "../../support/posting/posting-world.ts";
import type { Behaviour, Operation } from "../../support/posting/scripted-erp.ts";
import { SIMULATION_START_MS } from "../../support/posting/sim-clock.ts";

/** What is wrong with a document for good, or until somebody mends it. */
export type Flaw = "none" | "validation" | "mapping" | "altered" | "closed";

export interface PlannedDocument {
  readonly command: PostingCommand;
  readonly flaw: Flaw;
  readonly queuedMs: number;
  /** Where the flaw can be mended: when the partition queues it again with a right mapping. */
  readonly mendedMs: number;
}

const HOUR_MS = 60 * 60_000;
/** Faults happen until then; what is left over afterwards would be left over for ever. */
export const FAULTS_UNTIL_MS = SIMULATION_START_MS + 10 * HOUR_MS;
/** Accountants open the closed period. */
const PERIOD_OPENS_MS = SIMULATION_START_MS + 5 * HOUR_MS;
export const CLOSED_DATE = "2026-01-31";

export interface Schedule {
  readonly documents: readonly PlannedDocument[];
  readonly behaviour: (
    nowMs: number,
  ) => (operation: Operation, plan: PlannedPosting | undefined) => Behaviour;
  readonly latencyMs: (operation: Operation) => number;
  readonly refusesDuplicates: boolean;
  /** Documents that the ERP takes by one request; 1: it has no batches. */
  readonly maxBatch: number;
}

/** A schedule of documents and faults from a seeded generator. */
export function scheduleOf(random: () => number): Schedule {
  const chance = (share: number): boolean => random() < share;
  const until = (ms: number): number => Math.floor(random() * ms);
  const documents: PlannedDocument[] = [];
  const add = (command: PostingCommand, flaws: readonly Flaw[]): void => {
    const queuedMs = SIMULATION_START_MS + (chance(0.7) ? 0 : until(3 * HOUR_MS));
    const flaw = chance(0.25) ? flaws[until(flaws.length)]! : "none";
    documents.push({ command, flaw, queuedMs, mendedMs: queuedMs + until(6 * HOUR_MS) });
  };
  const customers = 1 + until(3);
  for (let c = 1; c <= customers; c++) {
    const customer = `c${c}`;
    add(customerCommand(customer, { partition: c % 2 }), ["none", "mapping"]);
    const invoices = 1 + until(4);
    for (let i = 1; i <= invoices; i++) {
      const number = `${c}-${i}`;
      const issueDate = chance(0.15) ? CLOSED_DATE : "2026-03-01";
      const total = `${1 + until(1000)}.${String(until(100)).padStart(2, "0")}`;
      add(invoiceCommand(number, { customer, total, issueDate, partition: c % 2 }), [
        "validation",
        "mapping",
        "altered",
      ]);
      if (chance(0.3))
        add(
          invoiceCommand(`m-${number}`, {
            kind: "credit-memo",
            customer,
            total: "1.00",
            partition: c % 2,
            after: [`customer:de:${customer}`, `invoice:${number}`],
          }),
          ["validation", "mapping"],
        );
    }
  }
  // Documents of order keys of their own, so that a batch may be full.
  const journals = chance(0.6) ? 1 + until(6) : 0;
  for (let j = 1; j <= journals; j++) add(journalCommand(`j${j}`), ["validation", "mapping", "altered"]);

  const outageStartMs = SIMULATION_START_MS + until(2 * HOUR_MS);
  const outageEndMs = chance(0.4) ? outageStartMs + until(4 * HOUR_MS) : outageStartMs;
  const outageKind = chance(0.5) ? "transient" : chance(0.5) ? "unknown" : "authentication";
  const faultShare = chance(0.3) ? 0.6 : 0.2;
  const asyncShare = chance(0.4) ? 0.5 : 0;
  const slow = chance(0.3);

  const disturbed = (operation: Operation): Behaviour => {
    const kind = until(operation === "submit" || operation === "submit-batch" ? 9 : 6);
    switch (kind) {
      case 0:
        return { kind: "fault", fault: new ErpFault("transient", "HTTP 503") };
      case 1:
        return {
          kind: "fault",
          fault: new ErpFault("throttle", "HTTP 429", chance(0.5) ? { retryAfterMs: until(120_000) } : {}),
        };
      case 2:
        return { kind: "fault", fault: new ErpFault("authentication", "token expired") };
      case 3:
        return { kind: "lost-before" };
      case 4:
        return { kind: "lost-after" };
      case 5:
        return { kind: "fault", fault: new ErpFault("version-conflict", "changed meanwhile") };
      case 6:
        return { kind: "late", delayMs: until(DEADLINE_MS + SETTLE_MS / 2) };
      case 7:
        return { kind: "fault", fault: new ErpFault("duplicate", "already exists") };
      default:
        // Of one document it would be for good; of a batch it doesn't say for which one.
        return operation === "submit-batch"
          ? { kind: "fault", fault: new ErpFault("validation", "one of them can't be taken") }
          : { kind: "lost-after" };
    }
  };
  const flawOf = new Map(documents.map(({ command, flaw }) => [command.key, flaw]));
  return {
    documents,
    refusesDuplicates: chance(0.5),
    maxBatch: chance(0.6) ? 2 + until(8) : 1,
    latencyMs: () => (slow && chance(0.2) ? 5_000 + until(40_000) : 50 + until(400)),
    behaviour: (nowMs) => (operation, plan) => {
      if (nowMs >= outageStartMs && nowMs < outageEndMs)
        return { kind: "fault", fault: new ErpFault(outageKind, "the ERP is down") };
      if (operation === "submit" && plan !== undefined) {
        const fault = faultOf(plan, flawOf.get(plan.command.key) ?? "none", nowMs);
        if (fault !== undefined) return { kind: "fault", fault };
      }
      if (nowMs < FAULTS_UNTIL_MS && chance(faultShare)) return disturbed(operation);
      return operation === "submit" && chance(asyncShare)
        ? // Longer than what a look waits for, a job whose handle is lost with its runner could not be told from none.
          { kind: "async", delayMs: until(SETTLE_MS) }
        : { kind: "answer" };
    },
  };
}

/** What the ERP always says of such a document. */
function faultOf({ command }: PlannedPosting, flaw: Flaw, nowMs: number): ErpFault | undefined {
  if (flaw === "validation") return new ErpFault("validation", "it does not balance");
  if (flaw === "mapping" && command.revision === 1) return new ErpFault("mapping", "no such item");
  const isClosed =
    "issueDate" in command.document && command.document.issueDate === CLOSED_DATE && nowMs < PERIOD_OPENS_MS;
  return isClosed ? new ErpFault("period-closed", "the period is closed") : undefined;
}

/** States in which a document may end, by its flaw. */
export const FINAL_STATES: Readonly<Record<Flaw, readonly PostingState[]>> = {
  none: ["reconciled"],
  closed: ["reconciled"],
  mapping: ["reconciled"],
  validation: ["rejected"],
  altered: ["conflict"],
};
