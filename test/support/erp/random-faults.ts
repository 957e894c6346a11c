import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type {
  ErpFaultKind,
  PostedInvoice,
  PostedJournal,
  PostingCommand,
} from "../../../src/model/posting.ts";
import {
  ErpFault,
  type ErpSink,
  type FoundDocument,
  type PlannedPosting,
  type PollAnswer,
  type SubmitAnswer,
} from "../../../src/sinks/erp/erp-sink.ts";
import { waitUntil } from "../wait-until.ts";
import { invoice, line, type SampleCommands } from "./sample-documents.ts";
import { context, expectEqual } from "./sink-requests.ts";

/**
 * Posts to a simulated ERP that loses answers, throttles, refuses and repeats: as the runner does (look up before anything is sent again), without
 * its waits. Whatever goes wrong on the way, each document is there once, as it was planned.
 */

/** Far more than the faults of the tests lead to. */
const MAX_STEPS = 200;
/** As long as most storms of the tests: asking on at once would use up the steps. */
const THROTTLED_MS = 10;
const AT_ONCE = 3;

const OF_THE_DOCUMENT: ReadonlySet<ErpFaultKind> = new Set([
  "mapping",
  "validation",
  "period-closed",
  "permission",
]);
/** The document may be there. */
const LOOKED_UP: ReadonlySet<ErpFaultKind> = new Set(["unknown", "duplicate", "version-conflict"]);
/** Nothing was done: the attempt counts for nothing. */
const NOT_SENT: ReadonlySet<ErpFaultKind> = new Set(["transient", "throttle", "authentication"]);

/** What is particular to an ERP. */
export interface FaultyPosting {
  /** Whether what was found is the document in full; throws where it is another one. One that is as planned unless given. */
  readonly isThere?: (plan: PlannedPosting, found: readonly FoundDocument[]) => boolean;
  /** A kind of fault that elsewhere says that the document is wrong, and passes here. */
  readonly passing?: ErpFaultKind;
}

/** Posts all, some at a time; gives their plans. */
export async function postAllThroughFaults(
  sink: ErpSink,
  commands: readonly PostingCommand[],
  particulars: FaultyPosting = {},
): Promise<readonly PlannedPosting[]> {
  const plans: PlannedPosting[] = [];
  const waiting = [...commands];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        plans.push(await postThroughFaults(sink, next, particulars));
    }),
  );
  return plans;
}

export async function postThroughFaults(
  sink: ErpSink,
  posted: PostingCommand,
  { isThere = isPlanned, passing }: FaultyPosting = {},
): Promise<PlannedPosting> {
  const plan = sink.plan(posted);
  let handle: string | undefined;
  let mustLook = false;
  let attempt = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    if (mustLook) {
      const found = await attempted(passing, () => sink.lookUp(plan, context()));
      if (typeof found === "string") continue;
      mustLook = false;
      if (isThere(plan, found)) return plan;
    }
    const pending = handle;
    const answer = await attempted(passing, () =>
      pending === undefined ? sink.submit(plan, context((attempt += 1))) : ended(sink, plan, pending),
    );
    if (typeof answer === "string") {
      const isOfPoll = pending !== undefined && answer !== "duplicate" && answer !== "version-conflict";
      if (isOfPoll) continue;
      handle = undefined;
      mustLook = LOOKED_UP.has(answer);
      if (NOT_SENT.has(answer)) attempt -= 1;
    } else if (answer.status === "confirmed") return plan;
    else ({ handle } = answer);
  }
  throw new Error(`${posted.key} was not posted in ${MAX_STEPS} steps`);
}

function isPlanned(plan: PlannedPosting, found: readonly FoundDocument[]): boolean {
  if (found.length > 0) expectEqual(plan, found);
  return found.length > 0;
}

/** Gives the kind of a fault; those that say that the document is wrong fail the test. */
async function attempted<Result>(
  passing: ErpFaultKind | undefined,
  act: () => Promise<Result>,
): Promise<Result | ErpFaultKind> {
  try {
    return await act();
  } catch (fault) {
    if (!(fault instanceof ErpFault)) throw fault;
    if (OF_THE_DOCUMENT.has(fault.kind) && fault.kind !== passing) throw fault;
    if (fault.kind === "throttle") await delay(THROTTLED_MS);
    return fault.kind;
  }
}

/** What came of a document that the ERP works on. */
async function ended(sink: ErpSink, plan: PlannedPosting, handle: string): Promise<SubmitAnswer> {
  const polled: PollAnswer[] = [];
  await waitUntil("the ERP has come to an end", async () => {
    const answer = await sink.poll(plan, handle, context());
    polled.push(answer);
    return answer.status !== "pending";
  });
  const last = polled.at(-1);
  if (last === undefined || last.status === "pending") throw new Error("the ERP has come to no end");
  return last;
}

/** What is read back is each of the documents once, as planned. */
export async function expectReadBack(sink: ErpSink, plans: readonly PlannedPosting[]): Promise<void> {
  const read = await sink.readBack(plans, context());
  expect(read).toHaveLength(plans.length);
  for (const plan of plans)
    expectEqual(
      plan,
      read.filter(({ externalId }) => externalId === plan.externalId),
    );
}

/** Two invoices, a journal and a memo of invoice N-1 by turns, all without taxes; each differs from all others. */
export function variedDocuments(
  count: number,
  { command, memo }: SampleCommands,
  journal: (changes: Partial<PostedJournal>) => PostedJournal,
): readonly PostingCommand[] {
  return Array.from({ length: count }, (_, index) => {
    const amounts = twoLines(index + 1);
    if (index % 4 === 3) return memo({ number: `C-${index}`, ...amounts });
    if (index % 4 === 2) return numberedJournal(index, command, journal);
    return command(invoice({ number: `N-10${index}`, ...amounts }));
  });
}

/** A journal with a key of its own. */
export function numberedJournal(
  index: number,
  command: SampleCommands["command"],
  journal: (changes: Partial<PostedJournal>) => PostedJournal,
): PostingCommand {
  return command(journal({ memo: `journal ${index}` }), { key: `journal:north:2026-06:USD:0:${index}` });
}

/** Of an invoice of two equal lines without taxes. */
export function twoLines(net: number): Pick<PostedInvoice, "lines" | "net" | "tax" | "total"> {
  const one = line({ net: String(net), tax: "0", taxes: [] });
  const total = String(2 * net);
  return { lines: [one, { ...one, line: 2 }], net: total, tax: "0", total };
}
