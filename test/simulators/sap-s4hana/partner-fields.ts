import { z } from "zod";
import { badRequest } from "./errors.ts";
import type { System } from "./system.ts";

/** Fields of business partners' parts with their lengths, as far as they are simulated; any other is refused. */

export const PARTNER_FIELDS = {
  BusinessPartnerCategory: 1,
  BusinessPartnerGrouping: 4,
  OrganizationBPName1: 40,
  OrganizationBPName2: 40,
  SearchTerm1: 20,
  BusinessPartnerIDByExtSystem: 20,
  CorrespondenceLanguage: 2,
} as const;
export const ADDRESS_FIELDS = {
  Country: 3,
  Region: 3,
  CityName: 40,
  PostalCode: 10,
  StreetName: 60,
  HouseNumber: 10,
  Language: 2,
} as const;
export const EMAIL_FIELDS = { EmailAddress: 241, IsDefaultEmailAddress: 0 } as const;
export const TAX_FIELDS = { BPTaxType: 4, BPTaxNumber: 20 } as const;
export const COMPANY_FIELDS = { CompanyCode: 4, ReconciliationAccount: 10, PaymentTerms: 4 } as const;
export const SALES_AREA_FIELDS = {
  SalesOrganization: 4,
  DistributionChannel: 2,
  Division: 2,
  Currency: 5,
  CustomerPaymentTerms: 4,
  CustomerAccountAssignmentGroup: 2,
  CustomerPricingProcedure: 2,
} as const;
export const ROLE_FIELDS = { BusinessPartnerRole: 6 } as const;

export type Fields = Record<string, string>;

/** The fields of a body, checked by name, type and length. @param navigation what else it may have */
export function fieldsOf(
  body: unknown,
  allowed: Readonly<Record<string, number>>,
  navigation: readonly string[] = [],
): { readonly fields: Fields; readonly parts: Readonly<Record<string, unknown>> } {
  const parsed = z.record(z.string(), z.unknown()).safeParse(body);
  if (!parsed.success) throw badRequest("Malformed JSON: an object is expected", "CX_SXML_PARSE_ERROR");
  const fields: Fields = {};
  const parts: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parsed.data)) {
    if (navigation.includes(name)) {
      parts[name] = value;
      continue;
    }
    const length = allowed[name];
    if (length === undefined)
      throw badRequest(`Property '${name}' is invalid`, "005056A509B11EE1B9A8FEC11C23378E");
    if (length === 0 ? typeof value !== "boolean" : typeof value !== "string" || value.length > length)
      throw badRequest(`Property '${name}' has an invalid value`, "CX_SXML_PARSE_ERROR");
    if (typeof value === "string") fields[name] = value;
  }
  return { fields, parts };
}

/** Parts that come by deep insert: `{ results: […] }`. */
export function resultsOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  const parsed = z.strictObject({ results: z.array(z.unknown()) }).safeParse(value);
  if (!parsed.success) throw badRequest("Deep insert: results are expected", "CX_SXML_PARSE_ERROR");
  return parsed.data.results;
}

export function checkAddress(fields: Fields, { regions }: System): void {
  const { Country: country = "", Region: region = "", PostalCode: postalCode = "" } = fields;
  if (country === "") throw badRequest("Enter a country/region for the address", "AM/003");
  const known = regions[country];
  if (known === undefined) throw badRequest(`Country/region ${country} is not defined`, "AM/004");
  if (region !== "" && !known.includes(region))
    throw badRequest(`Region ${region} is not defined for country/region ${country}`, "AM/010");
  if (country === "DE" && postalCode !== "" && !/^\d{5}$/.test(postalCode))
    throw badRequest(`Postal code ${postalCode} must have the length 5`, "AM/093");
}

export function checkCompany(fields: Fields, system: System): void {
  const { CompanyCode: code = "", ReconciliationAccount: account = "", PaymentTerms: terms = "" } = fields;
  if (!system.companyCodes.some(({ id }) => id === code))
    throw badRequest(`Company code ${code} does not exist`, "F2/125");
  if (!system.accounts.some(({ id, isReconciliation }) => id === account && isReconciliation))
    throw badRequest(`Invalid G/L account ${account}: it is no reconciliation account`, "F2/165");
  checkTerms(terms, system);
}

export function checkSalesArea(fields: Fields, system: System): void {
  const { SalesOrganization: organization, DistributionChannel: channel, Division: division } = fields;
  const isDefined = system.salesOrganizations.some(
    (area) => area.id === organization && area.channel === channel && area.division === division,
  );
  if (!isDefined)
    throw badRequest(
      `Sales area ${organization ?? ""} ${channel ?? ""} ${division ?? ""} does not exist`,
      "R11/140",
    );
  if (system.currencies[fields["Currency"] ?? ""] === undefined)
    throw badRequest(`Currency ${fields["Currency"] ?? ""} is not defined`, "R11/141");
  checkTerms(fields["CustomerPaymentTerms"] ?? "", system);
}

export function checkTerms(terms: string, { paymentTerms }: System): void {
  if (terms !== "" && !paymentTerms.includes(terms))
    throw badRequest(`Invalid payment terms ${terms}`, "F2/202");
}

export function checkTaxNumber({ BPTaxType: type = "" }: Fields, { taxNumberTypes }: System): void {
  if (!taxNumberTypes.includes(type)) throw badRequest(`Tax category ${type} is not defined`, "R1/603");
}

export function checkEmail({ EmailAddress: address = "" }: Fields): void {
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(address))
    throw badRequest(`E-mail address ${address} is not correct`, "AM/731");
}
