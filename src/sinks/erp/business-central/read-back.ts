import type { FoundDocument } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import { type BusinessCentralPlan, isCustomer, isJournal, isSale } from "./plan.ts";
import { foundCustomer, readCustomers } from "./read-customers.ts";
import { readJournals } from "./read-journals.ts";
import { readSales } from "./read-sales.ts";

/**
 * What is in the books under the plans' external ids, several of one kind by one question. Drafts and lines that wait in a journal's batch are not in the books: what was begun
 * is completed when it is submitted again.
 */
export async function readBack(
  client: BusinessCentralClient,
  plans: readonly BusinessCentralPlan[],
  signal: AbortSignal,
  verb: "look-up" | "read-back" = "read-back",
): Promise<readonly FoundDocument[]> {
  const found: FoundDocument[] = [];
  for (const group of groupsOf(plans)) {
    const [first] = group;
    if (first === undefined) continue;
    const { company } = first.request;
    const question = { operation: `${verb}-${first.kind}`, signal };
    if (isSale(first)) {
      const externalIds = group.map(({ externalId }) => externalId);
      const sales = await readSales(client, { ...question, company, kind: first.kind, externalIds });
      found.push(...sales.filter(({ isDraft }) => !isDraft).map((sale) => sale.found));
    } else if (isJournal(first)) {
      const numbers = group.map(({ externalId }) => externalId);
      found.push(...(await readJournals(client, company, numbers, question)));
    } else {
      const customers = group.filter(isCustomer);
      const numbers = customers.map(({ request }) => request.number);
      for (const row of await readCustomers(client, company, numbers, question)) {
        const plan = customers.find(({ request }) => request.number === row.number);
        if (plan !== undefined) found.push(foundCustomer(row, plan));
      }
    }
  }
  return found;
}

/** Plans of one company and kind. */
function groupsOf(plans: readonly BusinessCentralPlan[]): Iterable<readonly BusinessCentralPlan[]> {
  const groups = new Map<string, BusinessCentralPlan[]>();
  for (const plan of plans) {
    const name = `${plan.request.company} ${plan.kind}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [plan]);
    else group.push(plan);
  }
  return groups.values();
}
