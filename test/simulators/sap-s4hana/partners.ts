import { z } from "zod";
import { badRequest, SapError, notFound } from "./errors.ts";
import { type EntitySet, renderRow } from "./odata-query.ts";
import { type EntityRow, valueText } from "./odata-values.ts";
import {
  ADDRESS_FIELDS,
  checkAddress,
  checkCompany,
  checkEmail,
  checkTaxNumber,
  checkTerms,
  COMPANY_FIELDS,
  EMAIL_FIELDS,
  type Fields,
  fieldsOf,
  PARTNER_FIELDS,
  resultsOf,
  ROLE_FIELDS,
  TAX_FIELDS,
} from "./partner-fields.ts";
import type { StateFile } from "../common/state-file.ts";
import type { System } from "./system.ts";

const FIELDS = z.record(z.string(), z.string());
const PARTNER = z.strictObject({
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
});
export type StoredPartner = z.infer<typeof PARTNER>;

const FIRST_NUMBER = 1_000_100;
/** Roles of customers. */
const CUSTOMER_ROLES: ReadonlySet<string> = new Set(["FLCU00", "FLCU01"]);
const PARTS = [
  "to_BusinessPartnerRole",
  "to_BusinessPartnerAddress",
  "to_BusinessPartnerTax",
  "to_Customer",
] as const;
const EXPANSIONS = [
  "to_BusinessPartnerRole",
  "to_BusinessPartnerAddress",
  "to_BusinessPartnerAddress/to_EmailAddress",
  "to_BusinessPartnerTax",
  "to_Customer",
  "to_Customer/to_CustomerCompany",
] as const;
/** Roles that exist. */
const ROLES: ReadonlySet<string> = new Set(["FLCU00", "FLCU01", "BUP003"]);

/** Business partners: API_BUSINESS_PARTNER. A change names the version of what it changes, which is one for a partner and all its parts. */
export class Partners {
  readonly #partners = new Map<string, StoredPartner>();
  readonly #system: System;
  readonly #stateFile: StateFile | undefined;
  readonly #today: () => string;

  constructor(system: System, stateFile: StateFile | undefined, today: () => string) {
    this.#system = system;
    this.#stateFile = stateFile;
    this.#today = today;
    for (const line of stateFile?.read("partner") ?? []) {
      const partner = PARTNER.parse(JSON.parse(line));
      this.#partners.set(partner.number, partner);
    }
  }

  all(): readonly StoredPartner[] {
    return [...this.#partners.values()];
  }

  customer(number: string): StoredPartner | undefined {
    const partner = this.#partners.get(number.replace(/^0+/, ""));
    return partner !== undefined && isCustomer(partner) ? partner : undefined;
  }

  /** A whole partner at once (deep insert), or nothing. */
  create(body: unknown): Record<string, unknown> {
    const system = this.#system;
    const { fields, parts } = fieldsOf(body, PARTNER_FIELDS, PARTS);
    if (fields["BusinessPartnerCategory"] !== "2")
      throw badRequest("Business partner category is not organization", "R11/101");
    if (!system.groupings.includes(fields["BusinessPartnerGrouping"] ?? ""))
      throw badRequest(`Grouping ${fields["BusinessPartnerGrouping"] ?? ""} is not defined`, "R11/102");
    const partner: StoredPartner = {
      number: String(FIRST_NUMBER + this.#partners.size),
      version: 1,
      changes: 0,
      createdOn: this.#today(),
      fields,
      roles: [],
      addresses: [],
      taxNumbers: [],
      companies: [],
    };
    checkName(fields);
    for (const role of resultsOf(parts["to_BusinessPartnerRole"])) addRole(partner, role);
    for (const address of resultsOf(parts["to_BusinessPartnerAddress"])) addAddress(partner, address, system);
    for (const taxNumber of resultsOf(parts["to_BusinessPartnerTax"]))
      addTaxNumber(partner, taxNumber, system);
    if (parts["to_Customer"] !== undefined) {
      const customer = fieldsOf(parts["to_Customer"], {}, ["to_CustomerCompany"]);
      for (const company of resultsOf(customer.parts["to_CustomerCompany"]))
        addCompany(partner, company, system);
    }
    this.#save(partner);
    return this.#render(partner, EXPANSIONS);
  }

  /** Adds a part: "A_BusinessPartner('1000100')/to_BusinessPartnerTax". */
  add(path: string, body: unknown): Record<string, unknown> {
    const [, entity = "", keys = "", part = ""] = /^(A_\w+)\(([^)]*)\)\/(to_\w+)$/.exec(path) ?? [];
    const key = keysOf(keys);
    const partner = this.#partner(
      key["BusinessPartner"] ?? key["Customer"] ?? key[""] ?? "",
      entity === "A_Customer",
    );
    const changed = structuredClone(partner);
    if (entity === "A_BusinessPartner" && part === "to_BusinessPartnerRole") addRole(changed, body);
    else if (entity === "A_BusinessPartner" && part === "to_BusinessPartnerAddress")
      addAddress(changed, body, this.#system);
    else if (entity === "A_BusinessPartner" && part === "to_BusinessPartnerTax")
      addTaxNumber(changed, body, this.#system);
    else if (entity === "A_Customer" && part === "to_CustomerCompany")
      addCompany(changed, body, this.#system);
    else if (entity === "A_BusinessPartnerAddress" && part === "to_EmailAddress")
      addEmail(addressOf(changed, key["AddressID"] ?? ""), body);
    else throw notFound(`Resource not found for the segment '${path.slice(0, 80)}'`);
    this.#save({ ...changed, version: changed.version + 1 });
    return {};
  }

  /** Changes an entity, where `etag` is its version. */
  change(path: string, body: unknown, etag: string | undefined): void {
    const [, entity = "", keys = ""] = /^(A_\w+)\(([^)]*)\)$/.exec(path) ?? [];
    const key = keysOf(keys);
    const changed = structuredClone(this.#changedPartner(entity, key));
    this.#checkVersion(changed, etag);
    const assign = (
      held: Fields | undefined,
      allowed: Readonly<Record<string, number>>,
      fixed: readonly string[] = [],
    ): Fields => {
      if (held === undefined) throw notFound("Resource not found");
      const { fields } = fieldsOf(body, allowed);
      const name = fixed.find((field) => field in fields);
      if (name !== undefined) throw badRequest(`Property '${name}' can't be changed`);
      return Object.assign(held, fields);
    };
    switch (entity) {
      case "A_BusinessPartner":
        checkName(
          assign(changed.fields, PARTNER_FIELDS, ["BusinessPartnerCategory", "BusinessPartnerGrouping"]),
        );
        break;
      case "A_BusinessPartnerAddress":
        checkAddress(assign(addressOf(changed, key["AddressID"] ?? "").fields, ADDRESS_FIELDS), this.#system);
        break;
      case "A_AddressEmailAddress": {
        const { emails } = addressOf(changed, key["AddressID"] ?? "");
        checkEmail(assign(emails[Number(key["OrdinalNumber"]) - 1], EMAIL_FIELDS));
        break;
      }
      case "A_BusinessPartnerTaxNumber":
        assign(
          changed.taxNumbers.find(({ BPTaxType }) => BPTaxType === key["BPTaxType"]),
          TAX_FIELDS,
          ["BPTaxType"],
        );
        break;
      case "A_CustomerCompany": {
        const held = changed.companies.find(({ CompanyCode }) => CompanyCode === key["CompanyCode"]);
        const { PaymentTerms: terms = "" } = assign(held, COMPANY_FIELDS, [
          "CompanyCode",
          "ReconciliationAccount",
        ]);
        checkTerms(terms, this.#system);
        break;
      }
      default:
        throw notFound(`Resource not found for the segment '${path.slice(0, 80)}'`);
    }
    this.#save({ ...changed, version: changed.version + 1 });
  }

  /** Somebody else saves the partner, unchanged: its version is another one now. */
  touch(): void {
    for (const partner of this.all())
      this.#partners.set(partner.number, { ...partner, version: partner.version + 1 });
  }

  entitySet(): EntitySet {
    const properties = new Set([
      ...Object.keys(PARTNER_FIELDS),
      "BusinessPartner",
      "Customer",
      "CreationDate",
    ]);
    return {
      properties,
      navigation: EXPANSIONS,
      rows: () => this.all().map(rootRow),
      render: (row, expand) => this.#render(this.#partner(valueText(row["BusinessPartner"]), false), expand),
    };
  }

  #partner(number: string, mustBeCustomer: boolean): StoredPartner {
    const partner = this.#partners.get(number);
    if (partner === undefined || (mustBeCustomer && !isCustomer(partner)))
      throw notFound(`Resource not found: business partner ${number}`);
    return partner;
  }

  #changedPartner(entity: string, key: Readonly<Record<string, string>>): StoredPartner {
    if (entity === "A_AddressEmailAddress") {
      const found = this.all().find(({ addresses }) => addresses.some(({ id }) => id === key["AddressID"]));
      if (found === undefined) throw notFound("Resource not found");
      return found;
    }
    return this.#partner(
      key["BusinessPartner"] ?? key["Customer"] ?? key[""] ?? "",
      entity === "A_CustomerCompany",
    );
  }

  #checkVersion(partner: StoredPartner, etag: string | undefined): void {
    if (etag === undefined) {
      if (this.#system.needsEtag) throw new SapError(428, "/IWBEP/CM_MGW_RT/154", "If-Match is required");
      return;
    }
    if (etag !== etagOf(partner))
      throw new SapError(412, "/IWBEP/CM_MGW_RT/151", "Precondition failed: the entity was changed");
  }

  #save(partner: StoredPartner): void {
    const saved = { ...partner, changes: partner.changes + 1 };
    this.#partners.set(saved.number, saved);
    this.#stateFile?.append("partner", saved);
  }

  #render(partner: StoredPartner, expand: readonly string[]): Record<string, unknown> {
    const etag = etagOf(partner);
    const entity = (type: string, fields: EntityRow): Record<string, unknown> => ({
      ...renderRow(fields, `API_BUSINESS_PARTNER.${type}`),
      __metadata: { type: `API_BUSINESS_PARTNER.${type}`, etag },
    });
    const has = (path: string): boolean =>
      expand.some((each) => each === path || each.startsWith(`${path}/`));
    const results = (name: string, rows: readonly unknown[]): Record<string, unknown> =>
      has(name) ? { [name]: { results: rows } } : { [name]: { __deferred: { uri: name } } };
    const { number, companies } = partner;
    return {
      ...entity("A_BusinessPartnerType", rootRow(partner)),
      ...results(
        "to_BusinessPartnerRole",
        partner.roles.map((role) =>
          entity("A_BusinessPartnerRoleType", { BusinessPartner: number, BusinessPartnerRole: role }),
        ),
      ),
      ...results(
        "to_BusinessPartnerAddress",
        partner.addresses.map(({ id, fields, emails }) => ({
          ...entity("A_BusinessPartnerAddressType", {
            BusinessPartner: number,
            AddressID: id,
            ...blank(ADDRESS_FIELDS),
            ...fields,
          }),
          ...(has("to_BusinessPartnerAddress/to_EmailAddress") && {
            to_EmailAddress: {
              results: emails.map((email, index) =>
                entity("A_AddressEmailAddressType", {
                  AddressID: id,
                  Person: "",
                  OrdinalNumber: String(index + 1),
                  ...email,
                }),
              ),
            },
          }),
        })),
      ),
      ...results(
        "to_BusinessPartnerTax",
        partner.taxNumbers.map((fields) =>
          entity("A_BusinessPartnerTaxNumberType", { BusinessPartner: number, ...fields }),
        ),
      ),
      to_Customer: !isCustomer(partner)
        ? null
        : {
            ...entity("A_CustomerType", { Customer: number }),
            ...(has("to_Customer/to_CustomerCompany") && {
              to_CustomerCompany: {
                results: companies.map((fields) =>
                  entity("A_CustomerCompanyType", { Customer: number, ...blank(COMPANY_FIELDS), ...fields }),
                ),
              },
            }),
          },
    };
  }
}

function blank(fields: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, ""]));
}

function rootRow(partner: StoredPartner): EntityRow {
  return {
    BusinessPartner: partner.number,
    Customer: isCustomer(partner) ? partner.number : "",
    CreationDate: { date: partner.createdOn },
    ...blank(PARTNER_FIELDS),
    ...partner.fields,
  };
}

function isCustomer({ roles }: StoredPartner): boolean {
  return roles.some((role) => CUSTOMER_ROLES.has(role));
}

function etagOf({ number, version }: StoredPartner): string {
  return `W/"'${number}.${version}'"`;
}

function checkName({ OrganizationBPName1: name = "" }: Fields): void {
  if (name.trim() === "") throw badRequest("Enter a name for the organization", "R11/110");
}

function addRole(partner: StoredPartner, body: unknown): void {
  const { BusinessPartnerRole: role = "" } = fieldsOf(body, ROLE_FIELDS).fields;
  if (!ROLES.has(role)) throw badRequest(`Business partner role ${role} is not defined`, "R11/120");
  if (partner.roles.includes(role)) throw badRequest(`Role ${role} already exists`, "R11/121");
  partner.roles.push(role);
}

function addAddress(partner: StoredPartner, body: unknown, system: System): void {
  const { fields, parts } = fieldsOf(body, ADDRESS_FIELDS, ["to_EmailAddress"]);
  checkAddress(fields, system);
  const address = { id: `${partner.number}${partner.addresses.length + 1}`, fields, emails: [] };
  for (const email of resultsOf(parts["to_EmailAddress"])) addEmail(address, email);
  partner.addresses.push(address);
}

function addEmail(address: StoredPartner["addresses"][number], body: unknown): void {
  const { fields } = fieldsOf(body, EMAIL_FIELDS);
  checkEmail(fields);
  address.emails.push(fields);
}

function addTaxNumber(partner: StoredPartner, body: unknown, system: System): void {
  const { fields } = fieldsOf(body, TAX_FIELDS);
  checkTaxNumber(fields, system);
  if (partner.taxNumbers.some(({ BPTaxType }) => BPTaxType === fields["BPTaxType"]))
    throw badRequest(`Tax number of category ${fields["BPTaxType"] ?? ""} already exists`, "R1/604");
  partner.taxNumbers.push(fields);
}

function addCompany(partner: StoredPartner, body: unknown, system: System): void {
  if (!isCustomer(partner))
    throw badRequest("The business partner is no customer: role FLCU00 is missing", "R11/130");
  const { fields } = fieldsOf(body, COMPANY_FIELDS);
  checkCompany(fields, system);
  if (partner.companies.some(({ CompanyCode }) => CompanyCode === fields["CompanyCode"]))
    throw badRequest(`Company code ${fields["CompanyCode"] ?? ""} already exists for the customer`, "F2/126");
  partner.companies.push(fields);
}

function addressOf({ addresses }: StoredPartner, id: string): StoredPartner["addresses"][number] {
  const address = addresses.find((each) => each.id === id);
  if (address === undefined) throw notFound(`Resource not found: address ${id}`);
  return address;
}

/** "BusinessPartner='1',AddressID='2'", or "'1'" for a key of one part. */
function keysOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/(?:(\w+)=)?'([^']*)'/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}
