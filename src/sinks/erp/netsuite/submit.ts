import { compareDecimals } from "../common/decimals.ts";
import type { HttpReply } from "../common/http-client.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import type { NetsuiteClient } from "./client.ts";
import type { JsonObject, NetsuitePlan, UpsertRequest } from "./plan.ts";
import { errorDetails } from "./error-reply.ts";
import {
  idOfLocation,
  READ_HEADERS,
  RECORD_ROOT,
  upsertBody,
  upsertPath,
  UPSERT_HEADERS,
} from "./record-requests.ts";
import { recordIds } from "./record-ids.ts";
import { query, quotedList } from "./suiteql.ts";

/** Creates the record of a plan, or makes an existing one the same: sending it twice changes nothing. */
export async function submit(
  client: NetsuiteClient,
  plan: NetsuitePlan,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const { request } = plan;
  if (request.kind === "existing-customer") return confirmExisting(client, request.id, signal);
  const prepared = await preparedRequest(client, plan, request, signal);
  if ("erp" in prepared) return { status: "confirmed", erp: prepared.erp };
  const reply = await client.send({
    operation: `submit-${plan.kind}`,
    method: "PUT",
    path: upsertPath(prepared, plan.externalId),
    effect: "write",
    headers: UPSERT_HEADERS,
    body: upsertBody(prepared),
    signal,
  });
  return confirmedBy(reply, request);
}

export function confirmedBy(reply: HttpReply, { number }: UpsertRequest): SubmitAnswer {
  return { status: "confirmed", erp: { id: idOfLocation(reply), number } };
}

/** A customer of NetSuite's own is only looked for. */
async function confirmExisting(
  client: NetsuiteClient,
  id: string,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const reply = await client.send({
    operation: "look-up-customer",
    method: "GET",
    path: `${RECORD_ROOT}/customer/${encodeURIComponent(id)}`,
    effect: "read",
    headers: READ_HEADERS,
    signal,
    reads: ({ status, text }) => status === 404 && errorDetails(text) !== undefined,
  });
  if (reply.status === 404)
    throw new ErpFault("mapping", `NetSuite has no customer with the id ${id} that the mapping names`, {
      code: "NONEXISTENT_ID",
    });
  return { status: "confirmed", erp: { id, number: null } };
}

/** What is sent after a look at what is there; or a record that needs nothing more. */
export type PreparedRequest =
  UpsertRequest | { readonly erp: { readonly id: string; readonly number: string | null } };

export async function preparedRequest(
  client: NetsuiteClient,
  plan: NetsuitePlan,
  request: UpsertRequest,
  signal: AbortSignal,
): Promise<PreparedRequest> {
  return request.onlyNew.length > 0
    ? withoutOwned(client, plan, request, signal)
    : applied(client, plan, request, signal);
}

/** Of a record that is there, the fields stay as they are that are NetSuite's own. */
async function withoutOwned(
  client: NetsuiteClient,
  plan: NetsuitePlan,
  request: UpsertRequest,
  signal: AbortSignal,
): Promise<PreparedRequest> {
  const ids = await recordIds(client, [plan], signal);
  if (!ids.has(plan.externalId)) return request;
  const isSent = (field: string): boolean => !request.onlyNew.includes(field);
  return {
    ...request,
    replace: request.replace.filter(isSent),
    body: Object.fromEntries(Object.entries(request.body).filter(([field]) => isSent(field))),
  };
}

/**
 * The request with the invoice that a memo is applied to, as far as that is open: what is more stays a credit of the customer. Where the
 * memo is there already, that: by then it has taken from what is open, and sending it again would apply less.
 */
async function applied(
  client: NetsuiteClient,
  { externalId, expected }: NetsuitePlan,
  request: UpsertRequest,
  signal: AbortSignal,
): Promise<PreparedRequest> {
  const { applyTo } = request;
  if (applyTo === null) return request;
  const rows = await query(client, {
    operation: "read-transactions",
    sql:
      "SELECT id, type, tranid, externalid, foreignamountunpaid FROM transaction WHERE type IN ('CustInvc', 'CustCred') " +
      `AND externalid IN (${quotedList([externalId, applyTo.externalId])}) ORDER BY id`,
    signal,
  });
  const rowOf = (type: string) => rows.find((row) => row("type") === type);
  const memo = rowOf("CustCred");
  if (memo !== undefined)
    return { erp: { id: memo("id"), number: memo("tranid") === "" ? null : memo("tranid") } };
  const invoice = rowOf("CustInvc");
  if (invoice === undefined) {
    if (!applyTo.mustExist) return request;
    throw new ErpFault(
      "validation",
      `the invoice that the memo corrects is not in NetSuite (${applyTo.externalId})`,
      { code: "corrected-invoice-missing" },
    );
  }
  const open = invoice("foreignamountunpaid") === "" ? "0" : invoice("foreignamountunpaid");
  const total = expected.total ?? "0";
  const amount = compareDecimals(open, total) < 0 ? open : total;
  if (compareDecimals(amount, "0") <= 0) return request;
  return { ...request, body: { ...request.body, apply: applyList(invoice("id"), amount) } };
}

function applyList(invoiceId: string, amount: string): JsonObject {
  return { items: [{ doc: { id: invoiceId }, apply: true, amount: new JsonDecimal(amount) }] };
}
