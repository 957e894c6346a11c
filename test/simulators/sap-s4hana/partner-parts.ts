import { z } from "zod";
import { badRequest, notFound } from "./errors.ts";
import {
  ADDRESS_FIELDS,
  checkAddress,
  checkCompany,
  checkEmail,
  checkSalesArea,
  checkTaxNumber,
  COMPANY_FIELDS,
  EMAIL_FIELDS,
  type Fields,
  fieldsOf,
  resultsOf,
  ROLE_FIELDS,
  SALES_AREA_FIELDS,
  TAX_FIELDS,
} from "./partner-fields.ts";
import type { System } from "./system.ts";

/** A business partner as it is stored, and what adds parts to one. */

const FIELDS = z.record(z.string(), z.string());
export const PARTNER = z.strictObject({
  number: z.string(),
  /** Grows with each change of any part. */
  version: z.number(),
  /** How often something was written: 1 for what was only created. */
  changes: z.number(),
  createdOn: z.string(),
  fields: FIELDS,
  roles: z.array(z.string()),
  addresses: z.array(z.strictObject({ id: z.string(), fields: FIELDS, emails: z.array(FIELDS) })),
  taxNumbers: z.array(FIELDS),
  companies: z.array(FIELDS),
  salesAreas: z.array(FIELDS),
});
export type StoredPartner = z.infer<typeof PARTNER>;

/** Roles of customers. */
const CUSTOMER_ROLES: ReadonlySet<string> = new Set(["FLCU00", "FLCU01"]);
/** Roles that exist. */
const ROLES: ReadonlySet<string> = new Set(["FLCU00", "FLCU01", "BUP003"]);

export function isCustomer({ roles }: StoredPartner): boolean {
  return roles.some((role) => CUSTOMER_ROLES.has(role));
}

export function checkName({ OrganizationBPName1: name = "" }: Fields): void {
  if (name.trim() === "") throw badRequest("Enter a name for the organization", "R11/110");
}

export function addRole(partner: StoredPartner, body: unknown): void {
  const { BusinessPartnerRole: role = "" } = fieldsOf(body, ROLE_FIELDS).fields;
  if (!ROLES.has(role)) throw badRequest(`Business partner role ${role} is not defined`, "R11/120");
  if (partner.roles.includes(role)) throw badRequest(`Role ${role} already exists`, "R11/121");
  partner.roles.push(role);
}

export function addAddress(partner: StoredPartner, body: unknown, system: System): void {
  const { fields, parts } = fieldsOf(body, ADDRESS_FIELDS, ["to_EmailAddress"]);
  checkAddress(fields, system);
  const address = { id: `${partner.number}${partner.addresses.length + 1}`, fields, emails: [] };
  for (const email of resultsOf(parts["to_EmailAddress"])) addEmail(address, email);
  partner.addresses.push(address);
}

export function addEmail(address: StoredPartner["addresses"][number], body: unknown): void {
  const { fields } = fieldsOf(body, EMAIL_FIELDS);
  checkEmail(fields);
  address.emails.push(fields);
}

export function addTaxNumber(partner: StoredPartner, body: unknown, system: System): void {
  const { fields } = fieldsOf(body, TAX_FIELDS);
  checkTaxNumber(fields, system);
  if (partner.taxNumbers.some(({ BPTaxType }) => BPTaxType === fields["BPTaxType"]))
    throw badRequest(`Tax number of category ${fields["BPTaxType"] ?? ""} already exists`, "R1/604");
  partner.taxNumbers.push(fields);
}

export function addCompany(partner: StoredPartner, body: unknown, system: System): void {
  if (!isCustomer(partner))
    throw badRequest("The business partner is no customer: role FLCU00 is missing", "R11/130");
  const { fields } = fieldsOf(body, COMPANY_FIELDS);
  checkCompany(fields, system);
  if (partner.companies.some(({ CompanyCode }) => CompanyCode === fields["CompanyCode"]))
    throw badRequest(`Company code ${fields["CompanyCode"] ?? ""} already exists for the customer`, "F2/126");
  partner.companies.push(fields);
}

export function addSalesArea(partner: StoredPartner, body: unknown, system: System): void {
  if (!partner.roles.includes(SALES_ROLE))
    throw badRequest(`The business partner has no sales data: role ${SALES_ROLE} is missing`, "R11/131");
  const { fields } = fieldsOf(body, SALES_AREA_FIELDS);
  checkSalesArea(fields, system);
  if (partner.salesAreas.some(({ SalesOrganization: id }) => id === fields["SalesOrganization"]))
    throw badRequest(
      `Sales area ${fields["SalesOrganization"] ?? ""} already exists for the customer`,
      "R11/142",
    );
  partner.salesAreas.push(fields);
}
const SALES_ROLE = "FLCU01";

export function addressOf({ addresses }: StoredPartner, id: string): StoredPartner["addresses"][number] {
  const address = addresses.find((each) => each.id === id);
  if (address === undefined) throw notFound(`Resource not found: address ${id}`);
  return address;
}
