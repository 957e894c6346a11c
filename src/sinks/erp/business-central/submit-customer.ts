import { z } from "zod";
import { writeExactJson } from "../../http/exact-json.ts";
import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import { parsed } from "./odata.ts";
import type { BusinessCentralPlan, CustomerRequest, ExistingCustomerRequest } from "./plan.ts";
import { readCustomers } from "./read-customers.ts";

const createdSchema = z.looseObject({ id: z.string(), number: z.string() });

/** Creates the customer, or makes an existing one the same; one that the mapping names is only looked for. */
export async function submitCustomer(
  client: BusinessCentralClient,
  { request }: BusinessCentralPlan<CustomerRequest | ExistingCustomerRequest>,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const { company, number } = request;
  const [known] = await readCustomers(client, company, [number], { operation: "look-up-customer", signal });
  if (request.kind === "existing-customer") {
    if (known !== undefined) return { status: "confirmed", erp: { id: known.id, number } };
    throw new ErpFault("mapping", `Business Central has no customer ${number} that the mapping names`, {
      code: "Internal_RecordNotFound",
    });
  }
  const path = `companies(${company})/customers`;
  const common = { operation: "submit-customer", effect: "write", signal } as const;
  const { body } =
    known === undefined
      ? await client.send({ ...common, method: "POST", path, body: writeExactJson(request.body) })
      : await client.send({
          ...common,
          method: "PATCH",
          path: `${path}(${known.id})`,
          headers: { "if-match": known["@odata.etag"] ?? "*" },
          body: writeExactJson({ ...request.body, number: undefined }),
        });
  const { id } = parsed(createdSchema, body);
  return { status: "confirmed", erp: { id, number } };
}
