import type { PostedCustomer, PostingCommand } from "../../../model/posting.ts";
import { NOTHING_COMPARED } from "../common/compared.ts";
import type { ComparedDocument } from "../erp-sink.ts";
import { isSendableEmail } from "../common/email.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { externalIdOf } from "./external-id.ts";
import {
  MAX_CITY_CHARACTERS,
  MAX_COMPANY_NAME_CHARACTERS,
  MAX_EMAIL_CHARACTERS,
  MAX_POSTAL_CODE_CHARACTERS,
  MAX_REGION_CHARACTERS,
  MAX_STREET_CHARACTERS,
} from "./limits.ts";
import type { CustomerPart, JsonObject, NetsuitePlan, PlanContext } from "./plan.ts";

/** A customer becomes a company; one that the mapping names by its id is left as it is. */
export function planCustomer(
  command: PostingCommand,
  customer: PostedCustomer,
  { prefix, settings }: PlanContext,
): NetsuitePlan {
  const rows = new MappedRows(command.references);
  const externalId = externalIdOf(prefix, command.key);
  const subsidiary = rows.required("legal_entity", customer.legalEntity, "id");
  const existing = rows.optional("customer", customer.customer, "id");
  if (existing !== undefined)
    return {
      command,
      kind: command.kind,
      externalId,
      // Which currencies and subsidiaries it has is NetSuite's own affair.
      expected: customerComparison({ customer: existing, legalEntity: null, currency: null }),
      request: { kind: "existing-customer", id: existing },
    };
  const currency = rows.required("currency", customer.currency, "id");
  const terms = rows.optional("terms", String(customer.paymentDays), "id");
  const { taxIdField, netsuiteOwns } = settings;
  const fieldOf: Readonly<Record<CustomerPart, string | undefined>> = {
    name: "companyName",
    email: "email",
    address: "addressBook",
    terms: "terms",
    tax_id: taxIdField,
  };
  const address = addressBook(customer);
  return {
    command,
    kind: command.kind,
    externalId,
    expected: customerComparison({ customer: null, legalEntity: subsidiary, currency }),
    request: {
      kind: "upsert",
      recordType: "customer",
      replace: address === undefined ? [] : ["addressBook"],
      onlyNew: netsuiteOwns.flatMap((part) => fieldOf[part] ?? []),
      number: null,
      applyTo: null,
      body: {
        externalId,
        isPerson: false,
        companyName: singleLineText(customer.name, MAX_COMPANY_NAME_CHARACTERS),
        subsidiary: { id: subsidiary },
        currency: { id: currency },
        email: isSendableEmail(customer.email, MAX_EMAIL_CHARACTERS) ? customer.email : undefined,
        terms: terms === undefined ? undefined : { id: terms },
        ...(taxIdField !== undefined && customer.taxId !== null && { [taxIdField]: customer.taxId }),
        addressBook: address,
      },
    },
  };
}

export function customerComparison(
  known: Pick<ComparedDocument, "customer" | "legalEntity" | "currency">,
): ComparedDocument {
  return { ...NOTHING_COMPARED, ...known };
}

function addressBook({ name, address }: PostedCustomer): JsonObject | undefined {
  const { street, city, region, postalCode, country } = address;
  if ([street, city, region, postalCode, country].every((part) => part === null)) return undefined;
  const part = (text: string | null, maxCharacters: number): string | undefined =>
    text === null ? undefined : singleLineText(text, maxCharacters);
  return {
    items: [
      {
        defaultBilling: true,
        defaultShipping: true,
        addressBookAddress: {
          addressee: singleLineText(name, MAX_COMPANY_NAME_CHARACTERS),
          addr1: part(street, MAX_STREET_CHARACTERS),
          city: part(city, MAX_CITY_CHARACTERS),
          state: part(region, MAX_REGION_CHARACTERS),
          zip: part(postalCode, MAX_POSTAL_CODE_CHARACTERS),
          country: country === null ? undefined : { id: country },
        },
      },
    ],
  };
}
