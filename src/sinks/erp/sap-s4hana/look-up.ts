import type { FoundDocument } from "../erp-sink.ts";
import { readBilled } from "./billing-requests/read-documents.ts";
import { readStates } from "./billing-requests/read-state.ts";
import { lookedUp } from "./billing-requests/request-state.ts";
import type { SapClient } from "./client.ts";
import { isCustomer, readPartners } from "./customers.ts";
import { type Row, rowIn, rowsIn, textIn } from "./odata.ts";
import { isBillingPlan, isJournalEntryPlan, type SapPlan } from "./plan.ts";
import { customerComparison } from "./plan-customer.ts";
import { plainKey } from "./plan-invoice.ts";
import { readEntries } from "./read-entries.ts";
import { differingParts, partnerReference } from "./submit-customer.ts";

/**
 * All that SAP has under the plan's external id. A customer whose changes broke off half-way is told as absent: it is sent again then, which changes what is
 * left and never makes a second one.
 */
export async function lookUp(
  client: SapClient,
  plan: SapPlan,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const operation = `look-up-${plan.kind}`;
  const { request } = plan;
  if (isBillingPlan(plan)) {
    const [state] = await readStates(client, operation, [plan], signal);
    return state === undefined ? [] : lookedUp(plan, state);
  }
  if (request.kind !== "business-partner") return readAll(client, operation, [plan], signal);
  const rows = await readPartners(client, operation, [plan.externalId], signal);
  const [only, ...others] = rows;
  if (only !== undefined && others.length === 0 && differingParts(only, request).length > 0) return [];
  return rows.map((row) => foundPartner(plan, row));
}

/** Reads documents of all kinds; those that SAP doesn't have are missing. */
export async function readAll(
  client: SapClient,
  operation: string,
  plans: readonly SapPlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const entries = await readEntries(client, operation, plans.filter(isJournalEntryPlan), signal);
  const billed = await readBilled(client, operation, plans.filter(isBillingPlan), signal);
  const ofOurs = plans.filter(({ request }) => request.kind === "business-partner");
  const partners = await readOwnPartners(client, operation, ofOurs, signal);
  const existing: FoundDocument[] = [];
  for (const { request, externalId } of plans) {
    if (request.kind !== "existing-customer" || !(await isCustomer(client, request.id, signal))) continue;
    const document = customerComparison({ customer: plainKey(request.id), legalEntity: null });
    existing.push({ erp: { id: request.id, number: request.id }, externalId, document, payment: null });
  }
  return [...entries, ...billed, ...partners, ...existing];
}

async function readOwnPartners(
  client: SapClient,
  operation: string,
  plans: readonly SapPlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  if (plans.length === 0) return [];
  const planOf = new Map(plans.map((plan) => [plan.externalId, plan]));
  const rows = await readPartners(client, operation, [...planOf.keys()], signal);
  return rows.flatMap((row) => {
    const plan = planOf.get(textIn(row, "BusinessPartnerIDByExtSystem"));
    return plan === undefined ? [] : [foundPartner(plan, row)];
  });
}

function foundPartner({ externalId, expected }: SapPlan, row: Row): FoundDocument {
  const companies = rowsIn(rowIn(row, "to_Customer"), "to_CustomerCompany").map((company) =>
    textIn(company, "CompanyCode"),
  );
  const wanted = expected.legalEntity;
  const legalEntity = wanted !== null && companies.includes(wanted) ? wanted : (companies[0] ?? null);
  return {
    erp: partnerReference(row),
    externalId,
    document: customerComparison({ customer: null, legalEntity }),
    payment: null,
  };
}
