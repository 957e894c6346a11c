import { writeExactJson, type ExactJson } from "../../http/exact-json.ts";
import type { ErpReference } from "../../../model/posting.ts";
import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import type { SapClient } from "./client.ts";
import { BUSINESS_PARTNERS, isCustomer, readPartners } from "./customers.ts";
import { entityOf, etagOf, ODATA_ROOT, quoted, type Row, rowIn, rowsIn, textIn } from "./odata.ts";
import type { BusinessPartnerRequest, CustomerPart, SalesArea, SapPlan } from "./plan.ts";

const SERVICE = `${ODATA_ROOT}/API_BUSINESS_PARTNER`;

/** Creates a business partner, whole by one request, or changes what differs of the one that is there: sending it twice changes nothing. */
export async function submitCustomer(
  client: SapClient,
  { externalId }: SapPlan,
  request: BusinessPartnerRequest,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const [found, ...others] = await readPartners(client, "look-up-customer", [externalId], signal);
  if (others.length > 0)
    throw new ErpFault("duplicate", `SAP has several business partners with the external id ${externalId}`);
  if (found === undefined) return create(client, externalId, request, signal);
  await align(client, externalId, found, request, signal);
  return { status: "confirmed", erp: partnerReference(found) };
}

/** A customer of SAP's own is only looked for. */
export async function confirmExisting(
  client: SapClient,
  id: string,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  if (!(await isCustomer(client, id, signal)))
    throw new ErpFault("mapping", `SAP has no customer with the number ${id} that the mapping names`, {
      code: "customer-missing",
    });
  return { status: "confirmed", erp: { id, number: id } };
}

export function partnerReference(row: Row): ErpReference {
  const number = textIn(row, "Customer");
  return { id: textIn(row, "BusinessPartner"), number: number === "" ? null : number };
}

async function create(
  client: SapClient,
  externalId: string,
  request: BusinessPartnerRequest,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const reply = await client.change({
    operation: "submit-customer",
    method: "POST",
    path: `${ODATA_ROOT}/${BUSINESS_PARTNERS}`,
    effect: "write",
    headers: JSON_HEADERS,
    body: writeExactJson(newPartner(externalId, request)),
    signal,
  });
  const entity = entityOf(reply.text);
  if (entity === undefined || typeof entity["BusinessPartner"] !== "string")
    throw new ErpFault("unknown", "SAP answered without saying which business partner it made");
  return { status: "confirmed", erp: partnerReference({ Customer: "", ...entity }) };
}

function newPartner(externalId: string, request: BusinessPartnerRequest): ExactJson {
  const { grouping, roles, language, names, address, email, taxNumber, company, salesArea } = request;
  const results = (...all: readonly ExactJson[]): ExactJson => ({ results: all });
  return {
    BusinessPartnerCategory: "2",
    BusinessPartnerGrouping: grouping,
    ...names,
    BusinessPartnerIDByExtSystem: externalId,
    CorrespondenceLanguage: language,
    to_BusinessPartnerRole: results(...roles.map((role) => ({ BusinessPartnerRole: role }))),
    to_BusinessPartnerAddress: results({
      ...filled(address),
      Language: language,
      ...(email !== null && {
        to_EmailAddress: results({ EmailAddress: email, IsDefaultEmailAddress: true }),
      }),
    }),
    ...(taxNumber !== null && {
      to_BusinessPartnerTax: results({ BPTaxType: taxNumber.type, BPTaxNumber: taxNumber.number }),
    }),
    to_Customer: {
      to_CustomerCompany: results(filled({ ...company })),
      ...(salesArea !== null && { to_CustomerSalesArea: results(filled({ ...salesArea })) }),
    },
  };
}

/** A part of a business partner that differs: the entity that is changed, or the collection that gets one. */
interface PartChange {
  readonly method: "PATCH" | "POST";
  /** Behind the service's address. */
  readonly path: string;
  readonly fields: Fields;
  readonly etag: string | undefined;
}
type Fields = Readonly<Record<string, string>>;

/** More than a business partner has parts. A part that SAP keeps in another form than it was sent is changed once. */
const MAX_CHANGES = 12;

/**
 * Changes part by part, each only where it differs: what a change that broke off has left is done by the next one. The partner is read again behind each
 * change, since that may have made the versions of all its parts old.
 */
async function align(
  client: SapClient,
  externalId: string,
  first: Row,
  request: BusinessPartnerRequest,
  signal: AbortSignal,
): Promise<void> {
  const done = new Set<string>();
  let found: Row | undefined = first;
  for (let count = 0; count < MAX_CHANGES && found !== undefined; count++) {
    const change = differingParts(found, request).find(({ path, method }) => !done.has(`${method} ${path}`));
    if (change === undefined) return;
    const { method, path, fields, etag } = change;
    done.add(`${method} ${path}`);
    await client.change({
      operation: "submit-customer",
      method,
      path: `${SERVICE}/${encodedPath(path)}`,
      effect: "write",
      headers: { ...JSON_HEADERS, ...(etag !== undefined && { "if-match": etag }) },
      body: writeExactJson(fields),
      signal,
    });
    [found] = await readPartners(client, "look-up-customer", [externalId], signal);
  }
}

/** What of a business partner is not as planned, in the order in which it is changed. */
export function differingParts(found: Row, request: BusinessPartnerRequest): readonly PartChange[] {
  const { sapOwns, names, company, roles, salesArea } = request;
  const isOurs = (part: CustomerPart): boolean => !sapOwns.includes(part);
  const partner = `A_BusinessPartner(${quoted(textIn(found, "BusinessPartner"))})`;
  const held = rowsIn(found, "to_BusinessPartnerRole").map((row) => textIn(row, "BusinessPartnerRole"));
  const missingRoles = roles.filter((role) => !held.includes(role));
  return [
    ...(isOurs("name") ? changeOf(found, partner, names) : []),
    ...missingRoles
      .slice(0, 1)
      .map((role) => creation(`${partner}/to_BusinessPartnerRole`, { BusinessPartnerRole: role })),
    ...addressChanges(found, partner, request),
    ...(isOurs("tax_id") ? taxNumberChanges(found, partner, request) : []),
    ...companyChanges(found, company, isOurs("terms")),
    ...(salesArea === null ? [] : salesAreaChanges(found, salesArea, isOurs("terms"))),
  ];
}

function addressChanges(
  found: Row,
  partner: string,
  { sapOwns, address, email, language }: BusinessPartnerRequest,
): readonly PartChange[] {
  const [held] = rowsIn(found, "to_BusinessPartnerAddress");
  if (held === undefined)
    return sapOwns.includes("address")
      ? []
      : [creation(`${partner}/to_BusinessPartnerAddress`, { ...address, Language: language })];
  const id = quoted(textIn(held, "AddressID"));
  const path = `A_BusinessPartnerAddress(BusinessPartner=${quoted(textIn(found, "BusinessPartner"))},AddressID=${id})`;
  const changes = sapOwns.includes("address") ? [] : changeOf(held, path, address);
  if (email === null || sapOwns.includes("email")) return changes;
  const [heldEmail] = rowsIn(held, "to_EmailAddress");
  if (heldEmail === undefined)
    return [...changes, creation(`${path}/to_EmailAddress`, { EmailAddress: email })];
  const [person, ordinal] = [textIn(heldEmail, "Person"), textIn(heldEmail, "OrdinalNumber")];
  const entity = `A_AddressEmailAddress(AddressID=${id},Person=${quoted(person)},OrdinalNumber=${quoted(ordinal)})`;
  return [...changes, ...changeOf(heldEmail, entity, { EmailAddress: email })];
}

function taxNumberChanges(
  found: Row,
  partner: string,
  { taxNumber }: BusinessPartnerRequest,
): readonly PartChange[] {
  if (taxNumber === null) return [];
  const { type, number } = taxNumber;
  const held = rowsIn(found, "to_BusinessPartnerTax").find((row) => row["BPTaxType"] === type);
  if (held === undefined)
    return [creation(`${partner}/to_BusinessPartnerTax`, { BPTaxType: type, BPTaxNumber: number })];
  const key = `BusinessPartner=${quoted(textIn(found, "BusinessPartner"))},BPTaxType=${quoted(type)}`;
  return changeOf(held, `A_BusinessPartnerTaxNumber(${key})`, { BPTaxNumber: number });
}

function companyChanges(
  found: Row,
  company: BusinessPartnerRequest["company"],
  areTermsOurs: boolean,
): readonly PartChange[] {
  const customer = quoted(textIn(found, "Customer"));
  const { CompanyCode: code, PaymentTerms: terms } = company;
  const held = rowsIn(rowIn(found, "to_Customer"), "to_CustomerCompany").find(
    (row) => row["CompanyCode"] === code,
  );
  if (held === undefined)
    return [creation(`A_Customer(${customer})/to_CustomerCompany`, filled({ ...company }))];
  if (!areTermsOurs || terms === null) return [];
  return changeOf(held, `A_CustomerCompany(Customer=${customer},CompanyCode=${quoted(code)})`, {
    PaymentTerms: terms,
  });
}

/** One that is there keeps what SAP's people have set, but for the terms. */
function salesAreaChanges(found: Row, area: SalesArea, areTermsOurs: boolean): readonly PartChange[] {
  const customer = quoted(textIn(found, "Customer"));
  const { SalesOrganization: organization, DistributionChannel: channel, Division: division } = area;
  const held = rowsIn(rowIn(found, "to_Customer"), "to_CustomerSalesArea").find(
    (row) =>
      row["SalesOrganization"] === organization &&
      row["DistributionChannel"] === channel &&
      row["Division"] === division,
  );
  if (held === undefined)
    return [creation(`A_Customer(${customer})/to_CustomerSalesArea`, filled({ ...area }))];
  const { CustomerPaymentTerms: terms } = area;
  if (!areTermsOurs || terms === null) return [];
  const key = `Customer=${customer},SalesOrganization=${quoted(organization)},DistributionChannel=${quoted(channel)},Division=${quoted(division)}`;
  return changeOf(held, `A_CustomerSalesArea(${key})`, { CustomerPaymentTerms: terms });
}

function changeOf(held: Row, path: string, fields: Fields): readonly PartChange[] {
  const differing = Object.entries(fields).filter(([field, value]) => (held[field] ?? "") !== value);
  if (differing.length === 0) return [];
  return [{ method: "PATCH", path, fields: Object.fromEntries(differing), etag: etagOf(held) }];
}

function creation(path: string, fields: Fields): PartChange {
  return { method: "POST", path, fields: filled(fields), etag: undefined };
}

const JSON_HEADERS: Readonly<Record<string, string>> = { "content-type": "application/json" };

/** Keys of entities come from SAP's answers and from configuration; what a path can't have is encoded. */
function encodedPath(path: string): string {
  return encodeURI(path).replaceAll(/[?#]/g, encodeURIComponent);
}

/** Without what is empty. */
function filled(fields: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== ""),
  );
}
