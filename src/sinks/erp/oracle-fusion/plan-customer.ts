import { NOTHING_COMPARED } from "../common/compared.ts";
import type { PostedCustomer, PostingCommand } from "../../../model/posting.ts";
import { type ComparedDocument, ErpFault } from "../erp-sink.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { externalIdOf } from "./external-id.ts";
import {
  MAX_ACCOUNT_NAME_CHARACTERS,
  MAX_ADDRESS_PART_CHARACTERS,
  MAX_ORGANIZATION_NAME_CHARACTERS,
  MAX_STREET_CHARACTERS,
} from "./limits.ts";
import type { CustomerPlan, PartyAddress, PlanContext } from "./plan.ts";

/** A site needs an address, and an address a first line. */
const UNKNOWN_STREET = "-";

/** A customer becomes a party with a customer account; one that the mapping names by its account number is left as it is. */
export function planCustomer(
  command: PostingCommand,
  customer: PostedCustomer,
  { prefix, settings }: PlanContext,
): CustomerPlan {
  const rows = new MappedRows(command.references);
  const externalId = externalIdOf(prefix, command.key);
  const existing = rows.optional("customer", customer.customer, "account_number");
  const common = { command, kind: command.kind, externalId };
  if (existing !== undefined)
    return {
      ...common,
      expected: customerComparison(existing),
      request: { kind: "existing-customer", accountNumber: existing },
    };
  return {
    ...common,
    expected: customerComparison(externalId),
    request: {
      kind: "customer",
      organizationName: singleLineText(customer.name, MAX_ORGANIZATION_NAME_CHARACTERS),
      accountName: singleLineText(customer.name, MAX_ACCOUNT_NAME_CHARACTERS),
      address: addressOf(customer, settings.defaultCountry),
      setId: rows.required("legal_entity", customer.legalEntity, "set_id"),
      keepsData: settings.oracleOwnsCustomers,
    },
  };
}

/** Of a customer only that it is there, under its own account number or ours, is compared: master data are brought up to date. */
export function customerComparison(customer: string): ComparedDocument {
  return { ...NOTHING_COMPARED, customer };
}

function addressOf({ address }: PostedCustomer, defaultCountry: string | undefined): PartyAddress {
  const part = (text: string | null, maxCharacters: number): string =>
    text === null ? "" : singleLineText(text, maxCharacters);
  const street = part(address.street, MAX_STREET_CHARACTERS);
  const city = part(address.city, MAX_ADDRESS_PART_CHARACTERS);
  const region = part(address.region, MAX_ADDRESS_PART_CHARACTERS);
  const postalCode = part(address.postalCode, MAX_ADDRESS_PART_CHARACTERS);
  const country = address.country ?? defaultCountry;
  if (country === undefined)
    throw new ErpFault(
      "validation",
      "the customer has no country, which an address in Oracle needs; the connection has no default_country",
      { code: "country-missing" },
    );
  return {
    AddressLine1: street === "" ? UNKNOWN_STREET : street,
    ...(city !== "" && { City: city }),
    ...(region !== "" && { State: region }),
    ...(postalCode !== "" && { PostalCode: postalCode }),
    Country: country,
  };
}
