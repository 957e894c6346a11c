import type { SapClient } from "./client.ts";
import { oneOf, query, type Row, textIn } from "./odata.ts";
import { plainKey } from "./plan-invoice.ts";

/** Business partners and the numbers that they have as customers. */

export const BUSINESS_PARTNERS = "API_BUSINESS_PARTNER/A_BusinessPartner";
const FIELDS = ["BusinessPartner", "Customer", "BusinessPartnerIDByExtSystem"] as const;
/** What of a partner is brought along when it is aligned. */
const PARTS = [
  "to_BusinessPartnerRole",
  "to_BusinessPartnerAddress/to_EmailAddress",
  "to_BusinessPartnerTax",
  "to_Customer/to_CustomerCompany",
  "to_Customer/to_CustomerSalesArea",
] as const;

/** Customers' numbers by external id; those that SAP doesn't have, or that are no customers, are missing. */
export async function customerNumbers(
  client: SapClient,
  externalIds: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const rows = await partners(client, "BusinessPartnerIDByExtSystem", externalIds, signal);
  const numbers = new Map<string, string>();
  for (const row of rows) {
    const externalId = textIn(row, "BusinessPartnerIDByExtSystem");
    const number = textIn(row, "Customer");
    // Of several the first one counts, so that all documents are under the same.
    if (number !== "" && !numbers.has(externalId)) numbers.set(externalId, number);
  }
  return numbers;
}

/** External ids by customers' numbers, as they are compared; those without one are missing. */
export async function customersByNumber(
  client: SapClient,
  numbers: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const rows = await partners(client, "Customer", numbers, signal);
  return new Map(
    rows.flatMap((row) => {
      const externalId = textIn(row, "BusinessPartnerIDByExtSystem");
      return externalId === "" ? [] : [[plainKey(textIn(row, "Customer")), externalId] as const];
    }),
  );
}

async function partners(
  client: SapClient,
  field: "BusinessPartnerIDByExtSystem" | "Customer",
  values: readonly string[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const wanted = [...new Set(values)].filter((value) => value !== "");
  if (wanted.length === 0) return [];
  return query(client, {
    operation: "read-customers",
    entity: BUSINESS_PARTNERS,
    filter: oneOf(field, wanted),
    select: FIELDS,
    orderBy: ["BusinessPartner"],
    signal,
  });
}

/** Business partners under some external ids with all their parts, in the order of their numbers. */
export function readPartners(
  client: SapClient,
  operation: string,
  externalIds: readonly string[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  return query(client, {
    operation,
    entity: BUSINESS_PARTNERS,
    filter: oneOf("BusinessPartnerIDByExtSystem", externalIds),
    expand: PARTS,
    orderBy: ["BusinessPartner"],
    signal,
  });
}

/** Whether there is a customer of a number that the mapping names. */
export async function isCustomer(client: SapClient, number: string, signal: AbortSignal): Promise<boolean> {
  return (await partners(client, "Customer", [number], signal)).length > 0;
}
