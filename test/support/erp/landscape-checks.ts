import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { PublishedDocument } from "../../../src/billing/invoices/billing-document.ts";
import { DOCUMENT_STREAM } from "../../../src/ingest/jetstream/names.ts";
import type { Bench } from "../worker/bench.ts";
import { publishedDocuments } from "../worker/billed-month.ts";
import type { WorkerProcess } from "../worker/worker-process.ts";
import type { LandscapeErp } from "./erp-landscape.ts";
import { publishedFigures, type DocumentFigures } from "./posted-month.ts";
import type { Row } from "./posting-rows.ts";

/** Between looks at what has been done: each costs processor time of workers and simulators. */
const LOOK_MS = 200;

const byNumber = (one: DocumentFigures, other: DocumentFigures): number =>
  one.number < other.number ? -1 : 1;

/** The ERP has the invoices and memos with these numbers once, with the figures that were published, and no others. */
export function expectDocuments(
  { key, erp }: LandscapeErp,
  documents: readonly PublishedDocument[],
  isPosted: (number: string) => boolean,
): void {
  const expected = documents.map(publishedFigures).filter(({ number }) => isPosted(number));
  expect({ key, documents: erp.documents().toSorted(byNumber) }).toEqual({
    key,
    documents: expected.toSorted(byNumber),
  });
}

/** The ERP has each journal and each customer once. */
export function expectOthers({ key, erp }: LandscapeErp, rows: readonly Row[], customers: number): void {
  const rowCount = rows.filter(({ connection, kind }) => connection === key && kind === "journal").length;
  for (const [ids, count] of [
    [erp.journals().map(({ externalId }) => externalId), rowCount],
    [erp.customers(), customers],
  ] as const)
    expect([key, ids.length, new Set(ids).size]).toEqual([key, count, count]);
}

/** Waits until so many documents are published, and gives them. */
export async function waitForDocuments(
  bench: Bench,
  worker: WorkerProcess,
  count: number,
  deadlineMs: number,
): Promise<PublishedDocument[]> {
  let documents: PublishedDocument[] = [];
  await worker.until(
    `${count} documents are published`,
    slowly(async () => {
      const { state } = await bench.connection.manager.streams.info(DOCUMENT_STREAM);
      if (state.messages === 0) return false;
      documents = await publishedDocuments(bench.connection);
      return documents.length === count;
    }),
    deadlineMs,
  );
  return documents;
}

/** A condition that is looked at now and then. */
export function slowly(condition: () => boolean | Promise<boolean>): () => Promise<boolean> {
  return async () => {
    await delay(LOOK_MS);
    return condition();
  };
}
