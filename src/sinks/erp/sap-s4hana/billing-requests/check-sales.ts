import { ErpFault } from "../../erp-sink.ts";
import type { SapClient } from "../client.ts";
import { BUSINESS_PARTNERS } from "../customers.ts";
import { MAX_READ_BACK } from "../limits.ts";
import { oneOf, query, type Row, rowIn, rowsIn, textIn } from "../odata.ts";
import type { BillingPlan } from "../plan.ts";
import { plainKey } from "../plan-invoice.ts";
import type { BillingDocumentRequest, SalesAreaKey } from "./billing-request.ts";

/**
 * What SAP would refuse a request for, looked for before it is sent: its answer to a message says nothing of what becomes of it. Customers need the sales
 * area, materials their sales data.
 */

const SALES_AREAS = "API_BUSINESS_PARTNER/A_CustomerSalesArea";
export const SALES_MATERIALS = "API_PRODUCT_SRV/A_ProductSalesDelivery";
/** A service without an arrangement is refused, or isn't there at all: what it would tell is left to SAP then. */
const UNREADABLE: ReadonlySet<string> = new Set(["permission", "validation", "mapping"]);

/** Customers' numbers in SAP for the plans, or the fault that keeps a plan from being billed, in their order. */
export async function billableCustomers(
  client: SapClient,
  plans: readonly BillingPlan[],
  signal: AbortSignal,
): Promise<readonly (string | ErpFault)[]> {
  if (plans.length === 0) return [];
  const customers = await readCustomers(client, plans, signal);
  const materials = await readMaterials(client, plans, signal);
  return plans.map(({ request }) => {
    const { customer } = request;
    const found = customers.find(({ externalId, number }) =>
      "id" in customer ? plainKey(number) === plainKey(customer.id) : externalId === customer.externalId,
    );
    if (found === undefined && !("id" in customer))
      return new ErpFault("validation", "the customer of the document is not in SAP", {
        code: "customer-missing",
      });
    const number = "id" in customer ? customer.id : (found?.number ?? "");
    if (found?.areas.some((row) => isOfArea(row, request.salesArea)) !== true)
      return withoutArea(number, request);
    return materials === undefined ? number : (materialFault(request, materials) ?? number);
  });
}

interface Customer {
  /** "" for one that the mapping names. */
  readonly externalId: string;
  readonly number: string;
  readonly areas: readonly Row[];
}

/** Customers with their sales areas: those by external id with their numbers, too. */
async function readCustomers(
  client: SapClient,
  plans: readonly BillingPlan[],
  signal: AbortSignal,
): Promise<readonly Customer[]> {
  const externalIds = plans.flatMap(({ request: { customer } }) =>
    "id" in customer ? [] : [customer.externalId],
  );
  const ids = plans.flatMap(({ request: { customer } }) => ("id" in customer ? [customer.id] : []));
  const partners =
    externalIds.length === 0
      ? []
      : await query(client, {
          operation: "read-customers",
          entity: BUSINESS_PARTNERS,
          filter: oneOf("BusinessPartnerIDByExtSystem", [...new Set(externalIds)]),
          expand: ["to_Customer/to_CustomerSalesArea"],
          orderBy: ["BusinessPartner"],
          signal,
        });
  const areas = await rowsOf(
    client,
    { entity: SALES_AREAS, fields: ["Customer", "SalesOrganization", "DistributionChannel", "Division"] },
    ids,
    signal,
  );
  return [
    ...partners.flatMap((row) => {
      const number = textIn(row, "Customer");
      const externalId = textIn(row, "BusinessPartnerIDByExtSystem");
      const own = rowsIn(rowIn(row, "to_Customer"), "to_CustomerSalesArea");
      return number === "" ? [] : [{ externalId, number, areas: own }];
    }),
    ...[...new Set(ids)].map((id) => ({
      externalId: "",
      number: id,
      areas: areas.filter((row) => plainKey(textIn(row, "Customer")) === plainKey(id)),
    })),
  ];
}

function isOfArea(row: Row, area: SalesAreaKey): boolean {
  return (
    textIn(row, "SalesOrganization") === area.SalesOrganization &&
    textIn(row, "DistributionChannel") === area.DistributionChannel &&
    textIn(row, "Division") === area.Division
  );
}

function withoutArea(number: string, { salesArea }: BillingDocumentRequest): ErpFault {
  const area = `${salesArea.SalesOrganization}/${salesArea.DistributionChannel}/${salesArea.Division}`;
  return new ErpFault(
    "mapping",
    `SAP's customer ${number} has no sales area ${area}, so that it can't be billed there`,
    { code: "sales-area-missing" },
  );
}

function materialFault(
  { items, salesArea }: BillingDocumentRequest,
  materials: readonly Row[],
): ErpFault | undefined {
  const { SalesOrganization: organization, DistributionChannel: channel } = salesArea;
  const missing = items.find(
    ({ material }) =>
      !materials.some(
        (row) =>
          plainKey(textIn(row, "Product")) === plainKey(material) &&
          textIn(row, "ProductSalesOrg") === organization &&
          textIn(row, "ProductDistributionChnl") === channel &&
          row["IsMarkedForDeletion"] !== true,
      ),
  );
  return missing === undefined
    ? undefined
    : new ErpFault(
        "mapping",
        `SAP's material ${missing.material} has no sales data of ${organization}/${channel}, or is marked for deletion there`,
        { code: "material-missing" },
      );
}

/** Undefined where the connection may not read them. */
async function readMaterials(
  client: SapClient,
  plans: readonly BillingPlan[],
  signal: AbortSignal,
): Promise<readonly Row[] | undefined> {
  const fields = ["Product", "ProductSalesOrg", "ProductDistributionChnl", "IsMarkedForDeletion"] as const;
  const numbers = plans.flatMap(({ request }) => request.items.map(({ material }) => material));
  try {
    return await rowsOf(client, { entity: SALES_MATERIALS, fields }, numbers, signal);
  } catch (fault) {
    if (fault instanceof ErpFault && UNREADABLE.has(fault.kind)) return undefined;
    throw fault;
  }
}

/** Rows whose first field has one of some values. The first fields are the rows' key. */
async function rowsOf(
  client: SapClient,
  { entity, fields }: { readonly entity: string; readonly fields: readonly [string, ...string[]] },
  values: readonly string[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const distinct = [...new Set(values)];
  const rows: Row[] = [];
  for (let first = 0; first < distinct.length; first += MAX_READ_BACK)
    rows.push(
      ...(await query(client, {
        operation: "read-sales-data",
        entity,
        filter: oneOf(fields[0], distinct.slice(first, first + MAX_READ_BACK)),
        select: fields,
        orderBy: fields.slice(0, 3),
        signal,
      })),
    );
  return rows;
}
