import { z } from "zod";
import type { FoundDocument } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import { isOneOf, readAll } from "./odata.ts";
import type { BusinessCentralPlan, CustomerRequest, ExistingCustomerRequest } from "./plan.ts";
import { customerComparison } from "./plan-customer.ts";

const customerSchema = z.looseObject({
  "@odata.etag": z.string().optional(),
  id: z.string(),
  number: z.string(),
  currencyCode: z.string().nullish(),
});
export type CustomerRow = z.output<typeof customerSchema>;

/** Customers of a company by their numbers. */
export async function readCustomers(
  client: BusinessCentralClient,
  company: string,
  numbers: readonly string[],
  { operation, signal }: { readonly operation: string; readonly signal: AbortSignal },
): Promise<readonly CustomerRow[]> {
  return readAll(
    client,
    {
      operation,
      path: `companies(${company})/customers`,
      filter: isOneOf("number", numbers),
      select: ["id", "number", "currencyCode"],
      signal,
    },
    customerSchema,
  );
}

export function foundCustomer(
  { id, number, currencyCode }: CustomerRow,
  { externalId, request }: BusinessCentralPlan<CustomerRequest | ExistingCustomerRequest>,
): FoundDocument {
  return {
    erp: { id, number },
    externalId,
    document: customerComparison(
      request.company,
      request.kind === "existing-customer" ? null : (currencyCode ?? ""),
    ),
    payment: null,
  };
}
