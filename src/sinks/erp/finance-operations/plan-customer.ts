import type { PostedCustomer, PostingCommand } from "../../../model/posting.ts";
import { isSendableEmail } from "../common/email.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { NOTHING_COMPARED } from "../common/compared.ts";
import type { ComparedDocument } from "../erp-sink.ts";
import { countryCode } from "./countries.ts";
import { externalIdOf } from "./external-id.ts";
import {
  MAX_CITY_CHARACTERS,
  MAX_EMAIL_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_POSTAL_CODE_CHARACTERS,
  MAX_STATE_CHARACTERS,
  MAX_STREET_CHARACTERS,
  MAX_TAX_ID_CHARACTERS,
} from "./limits.ts";
import type { CustomerPart, FinanceOperationsPlan, PlanContext } from "./plan.ts";
import { companyOf } from "./plan-values.ts";

/** A customer becomes an organisation of the company; one that the mapping names by its account is left as it is. */
export function planCustomer(
  command: PostingCommand,
  customer: PostedCustomer,
  { prefix, settings }: PlanContext,
): FinanceOperationsPlan {
  const rows = new MappedRows(command.references);
  const externalId = externalIdOf(prefix, command.key);
  const company = companyOf(customer.legalEntity, rows);
  const existing = rows.optional("customer", customer.customer, "id");
  const common = { command, kind: command.kind, externalId };
  if (existing !== undefined)
    return {
      ...common,
      // Its currency is the ERP's own affair.
      expected: customerComparison({ customer: existing, legalEntity: company, currency: null }),
      request: { kind: "existing-customer", company, account: existing },
    };
  const currency = rows.required("currency", customer.currency, "id").toUpperCase();
  const parts: Readonly<Record<CustomerPart, Readonly<Record<string, string>>>> = {
    name: { OrganizationName: singleLineText(customer.name, MAX_NAME_CHARACTERS) },
    email: isSendableEmail(customer.email, MAX_EMAIL_CHARACTERS)
      ? { PrimaryContactEmail: customer.email }
      : {},
    address: addressOf(customer),
    terms: termsOf(customer, rows),
    tax_id: taxIdOf(customer, settings.taxIdField),
  };
  return {
    ...common,
    expected: customerComparison({ customer: externalId, legalEntity: company, currency }),
    request: {
      kind: "customer",
      company,
      account: externalId,
      fields: {
        PartyType: "Organization",
        CustomerGroupId: rows.required("legal_entity", customer.legalEntity, "customer_group"),
        SalesCurrencyCode: currency,
        ...Object.assign({}, ...Object.values(parts)),
      },
      // Who pays is in one group and one party for good; people move it to another one on purpose.
      onlyNew: [
        "PartyType",
        "CustomerGroupId",
        ...settings.ownedParts.flatMap((part) => Object.keys(parts[part])),
      ],
    },
  };
}

export function customerComparison(
  known: Pick<ComparedDocument, "customer" | "legalEntity" | "currency">,
): ComparedDocument {
  return { ...NOTHING_COMPARED, ...known };
}

function termsOf({ paymentDays }: PostedCustomer, rows: MappedRows): Readonly<Record<string, string>> {
  const terms = rows.optional("terms", String(paymentDays), "id");
  return terms === undefined ? {} : { PaymentTerms: terms };
}

function taxIdOf({ taxId }: PostedCustomer, field: string | undefined): Readonly<Record<string, string>> {
  return field === undefined || taxId === null || taxId.length > MAX_TAX_ID_CHARACTERS
    ? {}
    : { [field]: taxId };
}

/** An address needs its country: without one, or with one that has no code there, none is sent. */
function addressOf({ address }: PostedCustomer): Readonly<Record<string, string>> {
  const { street, city, region, postalCode, country } = address;
  const code = country === null ? undefined : countryCode(country);
  if (code === undefined) return {};
  const part = (
    field: string,
    text: string | null,
    maxCharacters: number,
  ): Readonly<Record<string, string>> =>
    text === null ? {} : { [field]: singleLineText(text, maxCharacters) };
  return {
    AddressCountryRegionId: code,
    ...part("AddressStreet", street, MAX_STREET_CHARACTERS),
    ...part("AddressCity", city, MAX_CITY_CHARACTERS),
    ...part("AddressState", region, MAX_STATE_CHARACTERS),
    ...part("AddressZipCode", postalCode, MAX_POSTAL_CODE_CHARACTERS),
  };
}
