import { expect } from "vitest";
import {
  customerOf,
  invoiceOf,
  journalKey,
  journalOf,
  memoOf,
  NORTH,
  reversalOf,
  SOUTH,
} from "../../../support/erp/conformance/canonical-documents.ts";
import type { ConformanceWorld } from "../../../support/erp/conformance/conformance-world.ts";
import { expectOnce, untilPostedOnce } from "../../../support/erp/conformance/expectations.ts";
import { describeEachErp } from "../../../support/erp/conformance/each-erp.ts";

/** What every adapter does with documents where nothing goes wrong. */

async function postsEachKind(world: ConformanceWorld): Promise<void> {
  world.startProcess();
  const journals = [world.command(journalOf(30_000)), world.command(journalOf(777, SOUTH))];
  world.queue(
    customerOf(NORTH),
    customerOf(SOUTH),
    invoiceOf("N-1"),
    invoiceOf("S-1", { side: SOUTH, net: [999, 1, 250_000_000] }),
    memoOf("N-2", { corrects: "N-1", net: [1_000] }),
    ...journals,
  );
  await untilPostedOnce(world);
}

async function compensates(world: ConformanceWorld): Promise<void> {
  world.startProcess();
  const journal = journalOf(12_345);
  const first = journalKey(NORTH, 1);
  const invoice = "N-1";
  world.queue(customerOf(NORTH), invoiceOf(invoice), world.command(journal));
  await world.untilPosted();
  world.queue(
    memoOf("N-2", { corrects: invoice }),
    world.command(reversalOf(journal, first), { ordinal: 2 }),
  );
  await untilPostedOnce(world);
  const [one, other] = world.erp.journals();
  expect(one?.debits).toEqual(other?.debits);
}

async function updatesCustomer(world: ConformanceWorld): Promise<void> {
  world.startProcess();
  const [key = ""] = world.queue(customerOf(NORTH));
  await world.untilPosted();
  world.queue(world.command(customerOf(NORTH, "Acme & Sons"), { revision: 2 }));
  await world.until("the change is sent", () => world.submissionsOf(key) === 2);
  await world.untilPosted();
  world.queue(invoiceOf("N-1"));
  await untilPostedOnce(world);
}

async function acknowledgesRepeats(world: ConformanceWorld): Promise<void> {
  world.startProcess();
  const keys = world.queue(customerOf(NORTH), invoiceOf("N-1"), journalOf(5_000));
  await world.untilPosted();
  world.queue(
    ...[customerOf(NORTH), invoiceOf("N-1"), journalOf(5_000)].map((each) =>
      world.command(each, { revision: 2 }),
    ),
  );
  await world.until("the partition knows", () => keys.every((key) => world.toldOf(key)?.revision === 2));
  for (const key of keys) expect(world.submissionsOf(key)).toBe(1);
  expectOnce(world);
}

await describeEachErp("documents", [
  {
    name: "of each kind are posted once, in both legal entities, and the partition is told under which id",
    run: postsEachKind,
  },
  {
    name: "that are compensated: a memo gives the invoice back, a journal the other one",
    run: compensates,
  },
  {
    name: "of a customer whose master data change: it is brought up to date, and stays one",
    run: updatesCustomer,
  },
  {
    name: "that are queued again as they were are only acknowledged",
    run: acknowledgesRepeats,
  },
]);
