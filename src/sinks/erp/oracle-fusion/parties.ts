import { z } from "zod";
import { ErpFault } from "../erp-sink.ts";
import type { OracleClient } from "./client.ts";
import type { CustomerRequest, PartyAddress } from "./plan.ts";
import { childSchema, PARTIES, parsed, quoted, readAll } from "./resources.ts";

/** Parties: who a customer is, with an address. They are kept by the resource `accounts`, which makes them parties that can have accounts. */

const ACCOUNTS = `${PARTIES}/accounts`;
const text = z.string().nullish();
const addressSchema = z.looseObject({
  AddressId: z.string(),
  AddressNumber: text,
  AddressLine1: text,
  City: text,
  State: text,
  PostalCode: text,
  Country: text,
});
const partySchema = z.looseObject({
  PartyId: z.string(),
  PartyNumber: z.string(),
  OrganizationName: z.string(),
  PrimaryAddress: childSchema,
});

export interface Party {
  readonly id: string;
  readonly number: string;
  readonly name: string;
  /** Site of the party; its id is what an account's site names. */
  readonly address:
    | { readonly id: string; readonly number: string; readonly lines: z.output<typeof addressSchema> }
    | undefined;
}

function partyOf(body: unknown): Party {
  const party = parsed(partySchema, body, "party");
  const [first] = party.PrimaryAddress?.items ?? [];
  const lines = first === undefined ? undefined : parsed(addressSchema, first, "party's address");
  return {
    id: party.PartyId,
    number: party.PartyNumber,
    name: party.OrganizationName,
    address: lines && { id: lines.AddressId, number: lines.AddressNumber ?? "", lines },
  };
}

async function findParty(client: OracleClient, q: string, signal: AbortSignal): Promise<Party | undefined> {
  const items = await readAll(client, {
    operation: "look-up-party",
    path: ACCOUNTS,
    q,
    parameters: { expand: "PrimaryAddress", orderBy: "PartyId:asc" },
    signal,
  });
  if (items.length > 1)
    throw new ErpFault("duplicate", "Oracle has several parties with the customer's reference");
  return items.length === 0 ? undefined : partyOf(items[0]);
}

export function partyOfReference(
  client: OracleClient,
  { sourceSystem, externalId }: { readonly sourceSystem: string; readonly externalId: string },
  signal: AbortSignal,
): Promise<Party | undefined> {
  const q = `SourceSystem=${quoted(sourceSystem)} and SourceSystemReferenceValue=${quoted(externalId)}`;
  return findParty(client, q, signal);
}

export function partyOfId(client: OracleClient, id: string, signal: AbortSignal): Promise<Party | undefined> {
  if (!/^\d{1,18}$/.test(id)) throw new ErpFault("transient", "Oracle's party has no id");
  return findParty(client, `PartyId=${id}`, signal);
}

export async function createParty(
  client: OracleClient,
  request: CustomerRequest,
  { sourceSystem, externalId }: { readonly sourceSystem: string; readonly externalId: string },
  signal: AbortSignal,
): Promise<Party> {
  const body = await client.rest({
    operation: "submit-party",
    method: "POST",
    path: ACCOUNTS,
    body: {
      OrganizationName: request.organizationName,
      SourceSystem: sourceSystem,
      SourceSystemReferenceValue: externalId,
      PrimaryAddress: [{ ...request.address }],
    },
    signal,
  });
  return partyOf(body);
}

const ADDRESS_FIELDS = ["AddressLine1", "City", "State", "PostalCode", "Country"] as const;

/** What of a party's name and address is not as the customer's data say. */
export function differencesOf(
  party: Party,
  { organizationName, address }: CustomerRequest,
): {
  readonly name: boolean;
  readonly address: boolean;
} {
  const lines = party.address?.lines;
  return {
    name: party.name !== organizationName,
    address: ADDRESS_FIELDS.some((field) => (lines?.[field] ?? "") !== (address[field] ?? "")),
  };
}

export async function renameParty(
  client: OracleClient,
  party: Party,
  organizationName: string,
  signal: AbortSignal,
): Promise<void> {
  await client.rest({
    operation: "submit-party",
    method: "PATCH",
    path: `${ACCOUNTS}/${encodeURIComponent(party.number)}`,
    body: { OrganizationName: organizationName },
    signal,
  });
}

/** The address keeps its number, so that the account's site stays what it is. */
export async function changeAddress(
  client: OracleClient,
  party: Party,
  address: PartyAddress,
  signal: AbortSignal,
): Promise<void> {
  if (party.address === undefined) throw new ErpFault("validation", "the party has no address to be changed");
  const path = `${ACCOUNTS}/${encodeURIComponent(party.number)}/child/PrimaryAddress/${encodeURIComponent(party.address.number)}`;
  await client.rest({
    operation: "submit-party",
    method: "PATCH",
    path,
    // What is no longer there is emptied.
    body: Object.fromEntries(ADDRESS_FIELDS.map((field) => [field, address[field] ?? null])),
    signal,
  });
}
