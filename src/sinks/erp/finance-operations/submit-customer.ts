import { writeExactJson } from "../../http/exact-json.ts";
import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import { DATA_ROOT, type FinanceOperationsClient } from "./client.ts";
import { allOf, equals, keyPath, queryRows, type Row } from "./odata.ts";
import type { CustomerRequest, FinanceOperationsPlan } from "./plan.ts";
import { CUSTOMERS } from "./read-customers.ts";

const JSON_HEADERS = { "content-type": "application/json", prefer: "return=minimal" };

/** Creates a customer, or changes the fields that differ: an address that is sent as it was would become a new version of itself. */
export async function submitCustomer(
  client: FinanceOperationsClient,
  plan: FinanceOperationsPlan,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const { request } = plan;
  if (request.kind !== "customer" && request.kind !== "existing-customer")
    throw new TypeError("the plan is not a customer's");
  const { company, account } = request;
  const fields = request.kind === "customer" ? Object.keys(request.fields) : [];
  const [row] = await queryRows(client, {
    operation: "look-up-customer",
    entity: CUSTOMERS,
    filter: allOf(equals("dataAreaId", company), equals("CustomerAccount", account)),
    fields: ["CustomerAccount", ...fields],
    signal,
  });
  if (request.kind === "existing-customer") {
    if (row === undefined)
      throw new ErpFault(
        "mapping",
        `Finance & Operations has no customer ${account} in the company ${company}, which the mapping names`,
        { code: "mapping-unusable" },
      );
  } else if (row === undefined) await create(client, request, signal);
  else await change(client, request, row, signal);
  return { status: "confirmed", erp: { id: account, number: account } };
}

async function create(
  client: FinanceOperationsClient,
  { company, account, fields }: CustomerRequest,
  signal: AbortSignal,
): Promise<void> {
  await client.send({
    operation: "submit-customer",
    method: "POST",
    path: `${DATA_ROOT}/${CUSTOMERS}?cross-company=true`,
    effect: "write",
    headers: JSON_HEADERS,
    body: writeExactJson({ dataAreaId: company, CustomerAccount: account, ...fields }),
    signal,
  });
}

async function change(
  client: FinanceOperationsClient,
  { company, account, fields, onlyNew }: CustomerRequest,
  row: Row,
  signal: AbortSignal,
): Promise<void> {
  const changed = Object.fromEntries(
    Object.entries(fields).filter(([field, value]) => !onlyNew.includes(field) && row(field) !== value),
  );
  if (Object.keys(changed).length === 0) return;
  await client.send({
    operation: "submit-customer",
    method: "PATCH",
    path: keyPath(CUSTOMERS, { dataAreaId: company, CustomerAccount: account }),
    effect: "write",
    headers: JSON_HEADERS,
    body: writeExactJson(changed),
    signal,
  });
}
