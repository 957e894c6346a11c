import { z } from "zod";
import { checkedBody, required, text } from "./body-check.ts";
import { notFound, refused } from "./errors.ts";
import type { Item } from "./lists.ts";
import type { Party } from "./store.ts";
import type { Books } from "./transaction-rules.ts";
import { timeOf } from "./transactions.ts";

/** The resource `accounts` of the customer data: parties with a primary address. */

const addressSchema = z.strictObject({
  AddressLine1: text(240).nullable(),
  City: text(60).nullable(),
  State: text(60).nullable(),
  PostalCode: text(60).nullable(),
  Country: text(2).nullable(),
});
const partySchema = z.strictObject({
  OrganizationName: text(360),
  SourceSystem: text(30),
  SourceSystemReferenceValue: text(255),
  PrimaryAddress: z.array(addressSchema).max(1).optional(),
});
const changeSchema = z.strictObject({ OrganizationName: text(360) });

export function createParty(body: unknown, { store, environment, nowMs }: Books): Party {
  const given = checkedBody(partySchema, body);
  const name = required(given.OrganizationName, "OrganizationName");
  const { SourceSystem: system, SourceSystemReferenceValue: reference } = given;
  if (system !== undefined && !environment.sourceSystems.includes(system))
    throw refused("The source system isn't registered.", "HZ-120559", "/SourceSystem");
  if (
    reference !== undefined &&
    store.all("party").some((each) => each.sourceSystem === system && each.reference === reference)
  )
    throw refused("A party with the source system reference already exists.", "HZ_API_DUPLICATE_COLUMN");
  const id = store.nextId();
  const party: Party = {
    kind: "party",
    id,
    number: `CDRM_${id.slice(-6)}`,
    name,
    sourceSystem: system ?? null,
    reference: reference ?? null,
    address: addressOf(given.PrimaryAddress?.[0], store.nextId(), `S${id.slice(-6)}`),
    createdMs: nowMs(),
    changedMs: nowMs(),
  };
  store.put(party);
  return party;
}

function addressOf(
  given: z.output<typeof addressSchema> | undefined,
  id: string,
  number: string,
): Party["address"] {
  if (given === undefined) return null;
  return {
    id,
    number,
    line: required(given.AddressLine1 ?? undefined, "AddressLine1"),
    city: given.City ?? null,
    state: given.State ?? null,
    postalCode: given.PostalCode ?? null,
    country: required(given.Country ?? undefined, "Country"),
  };
}

export function partyOf(number: string, { store }: Books): Party {
  const found = store.all("party").find((each) => each.number === number);
  if (found === undefined) throw notFound();
  return found;
}

export function changeParty(party: Party, body: unknown, { store, nowMs }: Books): void {
  party.name = checkedBody(changeSchema, body).OrganizationName ?? party.name;
  party.changedMs = nowMs();
  store.put(party);
}

export function changeAddress(
  party: Party,
  addressNumber: string,
  body: unknown,
  { store, nowMs }: Books,
): void {
  const { address } = party;
  if (address === null || address.number !== addressNumber) throw notFound();
  const given = checkedBody(addressSchema, body);
  const line = given.AddressLine1 ?? address.line;
  const country = given.Country ?? address.country;
  party.address = {
    ...address,
    line,
    country,
    city: given.City === undefined ? address.city : given.City,
    state: given.State === undefined ? address.state : given.State,
    postalCode: given.PostalCode === undefined ? address.postalCode : given.PostalCode,
  };
  party.changedMs = nowMs();
  store.put(party);
}

export const PARTY_ATTRIBUTES = [
  "PartyId",
  "PartyNumber",
  "OrganizationName",
  "SourceSystem",
  "SourceSystemReferenceValue",
  "LastUpdateDate",
] as const;

export function partyItem(party: Party): Item {
  const { address } = party;
  return {
    attributes: {
      PartyId: { $number: party.id },
      PartyNumber: party.number,
      OrganizationName: party.name,
      SourceSystem: party.sourceSystem,
      SourceSystemReferenceValue: party.reference,
      LastUpdateDate: timeOf(party.changedMs),
    },
    children: {
      PrimaryAddress:
        address === null
          ? []
          : [
              {
                attributes: {
                  AddressId: { $number: address.id },
                  AddressNumber: address.number,
                  AddressLine1: address.line,
                  City: address.city,
                  State: address.state,
                  PostalCode: address.postalCode,
                  Country: address.country,
                },
                children: {},
              },
            ],
    },
  };
}
