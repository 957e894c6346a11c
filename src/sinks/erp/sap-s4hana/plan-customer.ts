import { NOTHING_COMPARED } from "../common/compared.ts";
import type { PostedCustomer, PostingCommand } from "../../../model/posting.ts";
import { isSendableEmail } from "../common/email.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { type ComparedDocument, ErpFault } from "../erp-sink.ts";
import { externalIdOf } from "./external-id.ts";
import {
  MAX_CITY_CHARACTERS,
  MAX_EMAIL_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_POSTAL_CODE_CHARACTERS,
  MAX_SEARCH_TERM_CHARACTERS,
  MAX_STREET_CHARACTERS,
  MAX_TAX_NUMBER_CHARACTERS,
} from "./limits.ts";
import { optionalField, requiredField } from "./mapped-fields.ts";
import { salesAreaOf } from "./billing-requests/plan-request.ts";
import type { BusinessPartnerRequest, PlanContext, PlanSettings, SapPlan } from "./plan.ts";
import { plainKey } from "./plan-invoice.ts";

/** A customer becomes a business partner (an organisation) with the role of a customer in one company code; one that the mapping names is left as it is. */
export function planCustomer(
  command: PostingCommand,
  customer: PostedCustomer,
  { prefix, settings }: PlanContext,
): SapPlan {
  const rows = new MappedRows(command.references);
  const externalId = externalIdOf(prefix, command.key);
  const entity = customer.legalEntity;
  const companyCode = requiredField(rows, ["legal_entity", entity, "id"], "companyCode");
  const existing = optionalField(rows, ["customer", customer.customer, "id"], "customer");
  if (existing !== null)
    return {
      command,
      kind: command.kind,
      externalId,
      // Which company codes it has is SAP's own affair.
      expected: customerComparison({ customer: plainKey(existing), legalEntity: null }),
      request: { kind: "existing-customer", id: existing },
    };
  return {
    command,
    kind: command.kind,
    externalId,
    expected: customerComparison({ customer: null, legalEntity: companyCode }),
    request: {
      kind: "business-partner",
      grouping: settings.customerGrouping,
      roles: rolesOf(settings),
      language: settings.language,
      names: namesOf(customer),
      address: addressOf(
        customer,
        optionalField(rows, ["legal_entity", entity, "country"], "country"),
        settings.sendsRegions,
      ),
      email: isSendableEmail(customer.email, MAX_EMAIL_CHARACTERS) ? customer.email : null,
      taxNumber: taxNumberOf(customer, settings.taxNumberTypes),
      company: {
        CompanyCode: companyCode,
        ReconciliationAccount: requiredField(
          rows,
          ["legal_entity", entity, "reconciliation_account"],
          "account",
        ),
        PaymentTerms: optionalField(rows, ["terms", String(customer.paymentDays), "id"], "terms"),
      },
      salesArea:
        settings.billing === null
          ? null
          : {
              ...salesAreaOf(rows, entity),
              // SAP's keys of currencies are ISO's, but for those that a system has of its own.
              Currency:
                optionalField(rows, ["currency", customer.currency, "id"], "currency") ?? customer.currency,
              CustomerPaymentTerms: optionalField(
                rows,
                ["terms", String(customer.paymentDays), "id"],
                "terms",
              ),
              CustomerAccountAssignmentGroup: settings.billing.customerAccountGroup,
              CustomerPricingProcedure: settings.billing.customerPricingProcedure,
            },
      sapOwns: settings.sapOwns,
    },
  };
}

/** Who is billed by sales and distribution has its role, too. */
function rolesOf({ customerRoles, billing }: PlanSettings): readonly string[] {
  return billing === null || customerRoles.includes(SALES_ROLE)
    ? customerRoles
    : [...customerRoles, SALES_ROLE];
}
const SALES_ROLE = "FLCU01";

export function customerComparison(
  known: Pick<ComparedDocument, "customer" | "legalEntity">,
): ComparedDocument {
  return { ...NOTHING_COMPARED, ...known };
}

/** SAP has two fields for a name. */
function namesOf({ name, customer }: PostedCustomer): BusinessPartnerRequest["names"] {
  const whole = singleLineText(name, 2 * MAX_NAME_CHARACTERS);
  const first = singleLineText(whole, MAX_NAME_CHARACTERS);
  return {
    OrganizationBPName1: first,
    OrganizationBPName2: singleLineText(whole.slice(first.length), MAX_NAME_CHARACTERS),
    SearchTerm1: singleLineText(customer.toUpperCase(), MAX_SEARCH_TERM_CHARACTERS),
  };
}

/** SAP has keys for regions, of up to three characters: a name is left out. */
const REGION = /^[A-Z0-9]{1,3}$/;

function addressOf(
  { address }: PostedCustomer,
  otherwise: string | null,
  sendsRegions: boolean,
): BusinessPartnerRequest["address"] {
  const country = address.country ?? otherwise;
  if (country === null)
    throw new ErpFault(
      "mapping",
      "SAP has no address without a country: the customer has none, nor has the mapping of its legal entity (country)",
      { code: "country-missing" },
    );
  const text = (part: string | null, maxCharacters: number): string =>
    part === null ? "" : singleLineText(part, maxCharacters);
  const { region } = address;
  return {
    Country: country,
    Region: sendsRegions && region !== null && address.country !== null && REGION.test(region) ? region : "",
    CityName: text(address.city, MAX_CITY_CHARACTERS),
    PostalCode: text(address.postalCode, MAX_POSTAL_CODE_CHARACTERS),
    StreetName: text(address.street, MAX_STREET_CHARACTERS),
  };
}

/** Sent where the connection says which category of number the country has; one that doesn't fit is left out, since half of it is wrong. */
function taxNumberOf(
  { taxId, address }: PostedCustomer,
  types: Readonly<Record<string, string>>,
): BusinessPartnerRequest["taxNumber"] {
  const type = address.country === null ? undefined : types[address.country];
  if (taxId === null || type === undefined || taxId.length > MAX_TAX_NUMBER_CHARACTERS) return null;
  return { type, number: taxId };
}
