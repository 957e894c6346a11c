import type { PostedCustomer, PostingCommand } from "../../../model/posting.ts";
import { isSendableEmail } from "../common/email.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { NOTHING_COMPARED } from "../common/compared.ts";
import type { ComparedDocument } from "../erp-sink.ts";
import { codeOf, customerNumber } from "./external-id.ts";
import {
  MAX_CITY_CHARACTERS,
  MAX_EMAIL_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_POSTAL_CODE_CHARACTERS,
  MAX_STATE_CHARACTERS,
  MAX_STREET_CHARACTERS,
  MAX_TAX_ID_CHARACTERS,
} from "./limits.ts";
import { mappedCompany } from "./mapped-company.ts";
import type { BusinessCentralPlan, JsonObject, PlanContext, PlanSettings } from "./plan.ts";

/** A customer; one that the mapping names by its number is left as it is. */
export function planCustomer(
  command: PostingCommand,
  customer: PostedCustomer,
  { prefix, settings }: PlanContext,
): BusinessCentralPlan {
  const rows = new MappedRows(command.references);
  const company = mappedCompany(rows, customer.legalEntity, settings);
  const existing = rows.optional("customer", customer.customer, "number");
  const number = existing === undefined ? customerNumber(prefix, customer.customer) : codeOf(existing);
  const common = { command, kind: command.kind, externalId: number };
  if (existing !== undefined)
    return {
      ...common,
      // Which currency it has is Business Central's own affair.
      expected: customerComparison(company, null),
      request: { kind: "existing-customer", company, number },
    };
  const currency = codeOf(rows.required("currency", customer.currency, "code"));
  const terms = rows.optional("terms", String(customer.paymentDays), "id");
  return {
    ...common,
    expected: customerComparison(company, currency),
    request: {
      kind: "customer",
      company,
      number,
      body: {
        number,
        displayName: singleLineText(customer.name, MAX_NAME_CHARACTERS),
        type: "Company",
        ...addressOf(customer),
        email: isSendableEmail(customer.email, MAX_EMAIL_CHARACTERS) ? customer.email : undefined,
        taxRegistrationNumber: taxIdOf(customer, settings),
        ...taxAreaOf(customer, settings),
        currencyCode: currency,
        paymentTermsId: terms?.toLowerCase(),
      },
    },
  };
}

export function customerComparison(company: string, currency: string | null): ComparedDocument {
  return { ...NOTHING_COMPARED, legalEntity: company, currency };
}

function addressOf({ address }: PostedCustomer): JsonObject {
  const { street, city, region, postalCode, country } = address;
  const part = (text: string | null, maxCharacters: number): string | undefined =>
    text === null ? undefined : singleLineText(text, maxCharacters);
  return {
    addressLine1: part(street, MAX_STREET_CHARACTERS),
    city: part(city, MAX_CITY_CHARACTERS),
    state: part(region, MAX_STATE_CHARACTERS),
    postalCode: part(postalCode, MAX_POSTAL_CODE_CHARACTERS)?.toUpperCase(),
    country: country ?? undefined,
  };
}

/** One that is too long for the field would be somebody else's when it is cut. */
function taxIdOf({ taxId }: PostedCustomer, { sendsTaxIds }: PlanSettings): string | undefined {
  return sendsTaxIds && taxId !== null && taxId.length <= MAX_TAX_ID_CHARACTERS ? taxId : undefined;
}

/** The area of a region goes before that of its country. */
function taxAreaOf({ address }: PostedCustomer, { taxAreas }: PlanSettings): JsonObject {
  const { country, region } = address;
  if (country === null) return {};
  const id = (region === null ? undefined : taxAreas[`${country}/${region}`]) ?? taxAreas[country];
  return id === undefined ? {} : { taxLiable: true, taxAreaId: id.toLowerCase() };
}
