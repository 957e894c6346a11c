import { once } from "node:events";
import { createServer } from "node:net";
import { expect } from "vitest";
import {
  type BatchContext,
  ErpFault,
  type ComparedDocument,
  type FoundDocument,
  type PlannedPosting,
  type RequestContext,
} from "../../../src/sinks/erp/erp-sink.ts";
import { compareDocuments } from "../../../src/sinks/posting/compare-documents.ts";

/** What tests of every ERP's adapter need to call a sink and to look at what comes back. */

/** A request that nothing ends. */
export function context(attempt = 1): RequestContext {
  return { signal: new AbortController().signal, attempt };
}

/** A request for several documents that nothing ends. */
export function batchContext(plans: readonly PlannedPosting[], attempt = 1): BatchContext {
  return { ...context(attempt), attempts: plans.map(() => attempt) };
}

/** The fault that a request ends with; rejects where it ends with anything else. */
export async function faultOf(act: Promise<unknown>): Promise<ErpFault> {
  try {
    await act;
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
  throw new Error("there was no fault");
}

/** There is one document, and it is the planned one: field by field, and as the runner compares them. */
export function expectEqual(plan: PlannedPosting, found: readonly FoundDocument[]): void {
  expect(found.map(({ externalId }) => externalId)).toEqual([plan.externalId]);
  for (const { document } of found) {
    expect(comparable(document)).toEqual(comparable(plan.expected));
    expect(compareDocuments(plan.expected, document)).toEqual([]);
  }
}

/** Amounts as numbers, lines in one order. */
function comparable(document: ComparedDocument): unknown {
  return {
    ...document,
    total: Number(document.total),
    tax: Number(document.tax),
    lines: document.lines.map(({ reference, amount }) => `${reference} ${Number(amount)}`).sort(),
  };
}

/** Origin at which nobody listens. */
export async function unusedAddress(): Promise<string> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return `http://127.0.0.1:${address.port}`;
}
