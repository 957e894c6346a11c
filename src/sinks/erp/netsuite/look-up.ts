import { ErpFault, type FoundDocument } from "../erp-sink.ts";
import type { NetsuiteClient } from "./client.ts";
import { customerExternalIds } from "./customers.ts";
import { errorDetails } from "./error-reply.ts";
import type { NetsuitePlan, RecordType } from "./plan.ts";
import { RECORD_TYPES } from "./plan.ts";
import { readSales } from "./read-sales.ts";
import { readRecord } from "./record-reader.ts";
import { externalIdPath, READ_HEADERS, RECORD_ROOT } from "./record-requests.ts";
import { parsedJson } from "./suiteql.ts";

/** The record of a plan as NetSuite has it; undefined where there is none. */
export async function lookUp(
  client: NetsuiteClient,
  plan: NetsuitePlan,
  signal: AbortSignal,
): Promise<FoundDocument | undefined> {
  const recordType = RECORD_TYPES[plan.kind];
  const body = await readBody(client, recordType, plan, signal);
  if (body === undefined) return undefined;
  const { found, customerId, isCut } = readRecord(recordType, body, plan);
  if (isCut) return lookUpLong(client, plan, signal);
  const { expected } = plan;
  if (customerId === null || expected.customer === customerId) return found;
  const externalIds = await customerExternalIds(client, [customerId], signal);
  return {
    ...found,
    document: { ...found.document, customer: externalIds.get(customerId) ?? customerId },
  };
}

/** A document with more lines than one record shows: read by questions, which have pages. */
async function lookUpLong(
  client: NetsuiteClient,
  plan: NetsuitePlan,
  signal: AbortSignal,
): Promise<FoundDocument | undefined> {
  if (plan.kind === "journal")
    throw new ErpFault("validation", "NetSuite shows only a part of the journal's lines");
  const [found] = await readSales(client, [plan], signal);
  return found;
}

async function readBody(
  client: NetsuiteClient,
  recordType: RecordType,
  { request, externalId, kind }: NetsuitePlan,
  signal: AbortSignal,
): Promise<unknown> {
  const path =
    request.kind === "existing-customer"
      ? `${RECORD_ROOT}/customer/${encodeURIComponent(request.id)}`
      : externalIdPath(recordType, externalId);
  const reply = await client.send({
    operation: `look-up-${kind}`,
    method: "GET",
    path: `${path}?expandSubResources=true`,
    effect: "read",
    headers: READ_HEADERS,
    signal,
    // A page that NetSuite didn't write doesn't say that the record isn't there.
    reads: ({ status, text }) => status === 404 && errorDetails(text) !== undefined,
  });
  return reply.status === 404 ? undefined : parsedJson(reply.text);
}
