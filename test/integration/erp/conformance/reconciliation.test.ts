import { expect } from "vitest";
import {
  customerOf,
  decimalOf,
  invoiceOf,
  journalOf,
  memoOf,
  NORTH,
} from "../../../support/erp/conformance/canonical-documents.ts";
import {
  type ConformanceWorld,
  HOUR_MS,
  MINUTE_MS,
} from "../../../support/erp/conformance/conformance-world.ts";
import { expectOnce, postDirectly } from "../../../support/erp/conformance/expectations.ts";
import { describeEachErp } from "../../../support/erp/conformance/each-erp.ts";
import { recordsOf } from "../../../support/posting/runner-world.ts";
import { cents } from "../../../support/erp/posted-month.ts";

/** What the ERP is asked behind its documents. */

const DAY_MS = 24 * HOUR_MS;
const PAYMENTS_MS = 6 * HOUR_MS;

async function isAlteredAtOnce(world: ConformanceWorld): Promise<void> {
  const former = world.startProcess();
  world.queue(customerOf(NORTH));
  await world.untilPosted();
  const [key = ""] = world.queue(invoiceOf("N-1"));
  world.killAtState(former, key, "confirmed");
  await world.untilState(key, "confirmed");
  world.erp.alter("N-1");
  world.startProcess();
  await world.untilState(key, "conflict");
  expect(world.trailOf(key)).toContain("conflict (read-back-different)");
  await world.pass(HOUR_MS);
  expect(world.toldOf(key)?.state).toBe("conflict");
  expect(world.submissionsOf(key)).toBe(1);
}

async function isAlteredLater(world: ConformanceWorld): Promise<void> {
  world.startProcess();
  const [, key = ""] = world.queue(customerOf(NORTH), invoiceOf("N-1"));
  await world.untilPosted();
  world.erp.alter("N-1");
  await world.untilState(key, "conflict");
  expect(world.trailOf(key)).toContain("conflict (read-back-different)");
}

async function paymentsAreTold(world: ConformanceWorld): Promise<void> {
  world.startProcess();
  const invoice = invoiceOf("N-1");
  const [, key = "", other = ""] = world.queue(customerOf(NORTH), invoice, invoiceOf("N-2"));
  await world.untilPosted();
  const paymentOf = (of: string) => {
    const payment = world.toldOf(of)?.payment;
    return [payment?.status, payment == null ? undefined : cents(payment.openAmount)];
  };
  // What is paid was read with the invoices: nothing is asked for an interval.
  const { total: asked } = world.erp.requests();
  await world.pass(PAYMENTS_MS - MINUTE_MS);
  expect(world.erp.requests().total).toBe(asked);
  await world.pass(2 * MINUTE_MS);
  expect(world.erp.requests().total).toBeGreaterThan(asked);
  world.erp.pay("N-1", decimalOf(4_000));
  await world.pass(2 * PAYMENTS_MS);
  const total = cents(invoice.total);
  expect([paymentOf(key), paymentOf(other)]).toEqual([
    ["partly-paid", total - 4_000n],
    ["open", total],
  ]);
  world.erp.pay("N-1");
  await world.pass(2 * PAYMENTS_MS);
  expect([paymentOf(key), paymentOf(other)]).toEqual([
    ["paid", 0n],
    ["open", total],
  ]);
  expect([world.stateOf(key), world.stateOf(other)]).toEqual(["reconciled", "reconciled"]);
  expectOnce(world);
}

async function straysAreFound(world: ConformanceWorld): Promise<void> {
  world.startProcess();
  world.queue(customerOf(NORTH), invoiceOf("N-1"), memoOf("N-2", { corrects: "N-1" }), journalOf(500));
  await world.untilPosted();
  const strays = [world.command(invoiceOf("N-9")), world.command(journalOf(700), { ordinal: 9 })];
  for (const stray of strays) await postDirectly(world, stray);
  await world.pass(3 * DAY_MS);
  const found = recordsOf(world).flatMap((record) => (record.kind === "stray" ? [record] : []));
  const sink = world.openSink();
  const expected = strays.map((stray) => sink.plan(stray).externalId.toLowerCase());
  expect(new Set(found.map(({ finding, key }) => `${finding} ${key.toLowerCase()}`))).toEqual(
    new Set(expected.map((key) => `unknown-document ${key}`)),
  );
  for (const { erp } of found) expect(erp).toEqual([{ id: expect.any(String), number: expect.anything() }]);
}

await describeEachErp("reconciliation", [
  {
    name: "a document that is altered before it is read back is a conflict",
    needs: ["readBack"],
    run: isAlteredAtOnce,
  },
  {
    name: "an invoice that is altered later is a conflict when payments are asked about",
    needs: ["readBack", "payments"],
    run: isAlteredLater,
  },
  {
    name: "payments are told to the partition: a part, then all",
    needs: ["payments"],
    run: paymentsAreTold,
  },
  {
    name: "documents that nobody here knows are found, and those of ours are not taken for such",
    needs: ["readBack"],
    run: straysAreFound,
  },
]);
