import { expect } from "vitest";
import type { PostedInvoice, PostingCommand } from "../../../../src/model/posting.ts";
import type { PollAnswer } from "../../../../src/sinks/erp/erp-sink.ts";
import { cents, type DocumentFigures } from "../posted-month.ts";
import type { JournalFigures } from "../simulated-erp.ts";
import { type ConformanceWorld, HOUR_MS, MINUTE_MS } from "./conformance-world.ts";

const MAX_POLLS = 20;

/**
 * All that was queued is posted and read back, and the partition was told so, under an id of the ERP; an hour later the ERP still has each
 * document once, as it was queued, and nothing else.
 */
export async function untilPostedOnce(world: ConformanceWorld): Promise<void> {
  await world.untilPosted();
  await world.until("the partition knows", () =>
    [...world.queued.keys()].every((key) => {
      const told = world.toldOf(key);
      return told?.state === world.lastState && typeof told.erp?.id === "string";
    }),
  );
  await world.pass(HOUR_MS);
  expectOnce(world);
}

/** The ERP has each document that was queued once, and nothing else; no request was wrong in form. */
export function expectOnce(world: ConformanceWorld): void {
  const { erp } = world;
  const commands = [...world.queued.values()];
  expect(sorted(erp.documents(), ({ number }) => number)).toEqual(
    sorted(commands.flatMap(saleFigures), ({ number }) => number),
  );
  const sink = world.openSink();
  const journals = commands.flatMap((command) => journalFigures(command, sink.plan(command).externalId));
  expect(sorted(erp.journals(), ({ externalId }) => externalId)).toEqual(
    sorted(journals, ({ externalId }) => externalId),
  );
  const customers = commands.filter(({ kind }) => kind === "customer");
  const idsOfCustomers = customers.map((customer) => sink.plan(customer).externalId);
  expect(erp.customers().map(lowerCase).toSorted()).toEqual(idsOfCustomers.map(lowerCase).toSorted());
  expect(erp.wrongRequests()).toEqual([]);
}

/** Somebody else posts a document to the same account, past the runner, until it is there. */
export async function postDirectly(world: ConformanceWorld, command: PostingCommand): Promise<void> {
  const sink = world.openSink();
  const plan = sink.plan(command);
  const context = { signal: new AbortController().signal, attempt: 1 };
  let answer: PollAnswer = await sink.submit(plan, context);
  const handle = answer.status === "accepted" ? answer.handle : "";
  for (let polls = 0; answer.status !== "confirmed" && polls < MAX_POLLS; polls++) {
    // Time goes on: what the ERP does by itself is done meanwhile.
    await world.pass(MINUTE_MS);
    answer = await sink.poll(plan, handle, context);
  }
  expect([command.key, answer.status]).toEqual([command.key, "confirmed"]);
}

const lowerCase = (text: string): string => text.toLowerCase();

function sorted<Value>(values: readonly Value[], nameOf: (value: Value) => string): Value[] {
  return values.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

function saleFigures({ document }: PostingCommand): DocumentFigures[] {
  return document.kind === "invoice" || document.kind === "credit-memo" ? [figuresOf(document)] : [];
}

function figuresOf({ number, currency, tax, total, lines }: PostedInvoice): DocumentFigures {
  return {
    number,
    currency,
    tax: cents(tax),
    total: cents(total),
    lines: lines.map(({ net }) => cents(net)),
  };
}

function journalFigures({ document }: PostingCommand, externalId: string): JournalFigures[] {
  if (document.kind !== "journal") return [];
  const debits = document.lines.reduce((sum, { debit }) => sum + cents(debit ?? "0"), 0n);
  return [{ externalId, currency: document.currency, debits }];
}
