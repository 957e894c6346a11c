import { expect } from "vitest";
import { POSTING_FAILPOINTS, type Failpoint } from "../../../../src/model/fault-injection.ts";
import type { PostedDocument, PostingState } from "../../../../src/model/posting.ts";
import {
  customerOf,
  invoiceOf,
  journalOf,
  memoOf,
  MONTH,
  NORTH,
} from "../../../support/erp/conformance/canonical-documents.ts";
import { type ConformanceWorld, HOUR_MS } from "../../../support/erp/conformance/conformance-world.ts";
import { untilPostedOnce } from "../../../support/erp/conformance/expectations.ts";
import { type ConformanceCase, describeEachErp } from "../../../support/erp/conformance/each-erp.ts";
import type { ErpAbilities } from "../../../support/erp/simulated-erp.ts";

/** Runners that are killed, fall asleep, and are succeeded: each document is there once. */

/** Longer than a lease, a request and the settle delay. */
const SLEEP_MS = 20 * 60_000;
const BEHIND = [memoOf("N-2", { corrects: "N-1", net: [3_000] }), journalOf(30_000)];

interface Restart {
  readonly state: PostingState;
  readonly needs?: readonly (keyof ErpAbilities)[];
  /** The document that comes to the state, where it isn't the plain invoice. */
  readonly document?: PostedDocument;
  readonly before?: (world: ConformanceWorld) => void;
  /** What brings the document on. */
  readonly mend?: (world: ConformanceWorld, document: PostedDocument) => void;
  /** Requests to create it, in all; any number where it isn't said. */
  readonly submissions?: number;
}

const RARE = invoiceOf("N-1", { product: "rare" });

/** How a document comes to each state, and out of it. */
const RESTARTS: readonly Restart[] = [
  { state: "submitting" },
  { state: "accepted", needs: ["accepts"], submissions: 1 },
  { state: "unknown", before: ({ erp }) => erp.fault("lost-after-commit", { times: 1 }) },
  { state: "confirmed", submissions: 1 },
  {
    state: "held",
    needs: ["periods"],
    before: ({ erp }) => erp.closePeriod(MONTH),
    mend: ({ erp }) => erp.openPeriod(MONTH),
  },
  {
    state: "parked",
    needs: ["itemChecks"],
    document: RARE,
    before: ({ erp }) => erp.blockRareItem(),
    mend: (world, document) => {
      world.queue(world.command(document, { revision: 2, otherItem: true }));
    },
    submissions: 2,
  },
];

/** The successor has nothing of the former one's: it reads the logs. */
async function succeeds(world: ConformanceWorld, restart: Restart): Promise<void> {
  const { state, document = invoiceOf("N-1"), before, mend, submissions } = restart;
  const former = world.startProcess();
  world.queue(customerOf(NORTH));
  await world.untilPosted();
  before?.(world);
  const [key = ""] = world.queue(document);
  world.killAtState(former, key, state);
  await world.untilState(key, state);
  expect(former.process.isDead).toBe(true);
  world.startProcess();
  world.queue(...BEHIND);
  await world.pass(2 * HOUR_MS);
  if (mend !== undefined) {
    expect(world.isPosted(key)).toBe(false);
    mend(world, document);
  }
  await untilPostedOnce(world);
  if (submissions !== undefined) expect(world.submissionsOf(key)).toBe(submissions);
}

/** Each kind of document, so that the point is reached with each. */
const VISITS = [1, 3];

async function crashesAt(world: ConformanceWorld, point: Failpoint, visit: number): Promise<void> {
  const documents = [customerOf(NORTH), invoiceOf("N-1"), ...BEHIND];
  world.queue(...documents);
  const { process, store } = world.startProcess((made) => {
    made.failpoint = { point, visit };
  });
  await world.until(`${point} is reached`, () => process.isDead);
  // On another machine, with nothing but the logs; or on the same one, with what the former one had stored.
  world.startProcess(undefined, visit % 2 === 0 ? store : undefined);
  await untilPostedOnce(world);
}

async function isKilledBefore(world: ConformanceWorld): Promise<void> {
  const { process } = world.startProcess();
  await world.pass(1_000);
  world.queue(customerOf(NORTH), invoiceOf("N-1"), ...BEHIND);
  process.kill();
  world.startProcess();
  await untilPostedOnce(world);
}

async function isKilledMeanwhile(world: ConformanceWorld): Promise<void> {
  const former = world.startProcess();
  world.queue(customerOf(NORTH));
  await world.untilPosted();
  const [key = ""] = world.queue(invoiceOf("N-1"));
  world.clock.onRequest = () => {
    former.process.kill();
  };
  await world.until("a request is under way", () => former.process.isDead);
  world.clock.onRequest = () => undefined;
  world.startProcess();
  world.queue(...BEHIND);
  await untilPostedOnce(world);
  // The ERP has done it, and nobody was told: it is found.
  if (!world.description.canReadBack) return;
  expect(world.trailOf(key)).toContain("confirmed (adopted)");
  expect(world.submissionsOf(key)).toBe(1);
}

async function fallsAsleep(world: ConformanceWorld): Promise<void> {
  const former = world.startProcess();
  world.queue(customerOf(NORTH));
  await world.untilPosted();
  const [key = ""] = world.queue(invoiceOf("N-1"));
  const unlisten = world.postings.listen(() => {
    if (world.stateOf(key) !== "submitting") return;
    unlisten();
    former.process.sleep(SLEEP_MS);
  });
  await world.until("it sleeps", () => world.stateOf(key) === "submitting");
  const asleepMs = world.clock.nowMs();
  world.startProcess();
  world.queue(...BEHIND);
  await world.untilPosted();
  expect(world.clock.nowMs() - asleepMs).toBeLessThan(SLEEP_MS);
  // Where all is posted nothing is asked for some hours: a request would be that of the former one.
  const { total } = world.erp.requests();
  await world.pass(2 * SLEEP_MS);
  expect(world.erp.requests().total).toBe(total);
  await untilPostedOnce(world);
  expect(world.submissionsOf(key)).toBe(2);
}

await describeEachErp("a runner that takes over", [
  ...RESTARTS.map((restart): ConformanceCase => ({
    name: `from one that was killed when a document was ${restart.state}`,
    ...(restart.needs === undefined ? {} : { needs: restart.needs }),
    run: (world) => succeeds(world, restart),
  })),
  ...POSTING_FAILPOINTS.map((point): ConformanceCase => ({
    name: `from one that was killed at ${point}, at visits ${VISITS.join(", ")}`,
    run: async (world, again) => {
      await crashesAt(world, point, VISITS[0]!);
      for (const visit of VISITS.slice(1)) await crashesAt(await again(), point, visit);
    },
  })),
  {
    name: "from one that was killed before it began with what is planned",
    run: isKilledBefore,
  },
  {
    name: "from one that was killed while its request was under way",
    run: isKilledMeanwhile,
  },
  {
    name: "from one that fell asleep between intent and request, and wakes behind its lease",
    run: fallsAsleep,
  },
]);
