import { badRequest, SapError, notFound } from "./errors.ts";
import { type EntitySet, renderRow } from "./odata-query.ts";
import { type EntityRow, valueText } from "./odata-values.ts";
import {
  ADDRESS_FIELDS,
  checkAddress,
  checkEmail,
  checkTerms,
  COMPANY_FIELDS,
  EMAIL_FIELDS,
  type Fields,
  fieldsOf,
  PARTNER_FIELDS,
  resultsOf,
  SALES_AREA_FIELDS,
  TAX_FIELDS,
} from "./partner-fields.ts";
import {
  addAddress,
  addCompany,
  addEmail,
  addressOf,
  addRole,
  addSalesArea,
  addTaxNumber,
  checkName,
  isCustomer,
  PARTNER,
  type StoredPartner,
} from "./partner-parts.ts";
import type { StateFile } from "../common/state-file.ts";
import type { System } from "./system.ts";

const FIRST_NUMBER = 1_000_100;
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
  "to_Customer/to_CustomerSalesArea",
] as const;
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
      salesAreas: [],
    };
    checkName(fields);
    for (const role of resultsOf(parts["to_BusinessPartnerRole"])) addRole(partner, role);
    for (const address of resultsOf(parts["to_BusinessPartnerAddress"])) addAddress(partner, address, system);
    for (const taxNumber of resultsOf(parts["to_BusinessPartnerTax"]))
      addTaxNumber(partner, taxNumber, system);
    if (parts["to_Customer"] !== undefined) {
      const customer = fieldsOf(parts["to_Customer"], {}, ["to_CustomerCompany", "to_CustomerSalesArea"]);
      for (const company of resultsOf(customer.parts["to_CustomerCompany"]))
        addCompany(partner, company, system);
      for (const area of resultsOf(customer.parts["to_CustomerSalesArea"]))
        addSalesArea(partner, area, system);
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
    else if (entity === "A_Customer" && part === "to_CustomerSalesArea")
      addSalesArea(changed, body, this.#system);
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
      case "A_CustomerSalesArea": {
        const fixed = ["SalesOrganization", "DistributionChannel", "Division"];
        const held = changed.salesAreas.find((area) => fixed.every((name) => area[name] === key[name]));
        checkTerms(assign(held, SALES_AREA_FIELDS, fixed)["CustomerPaymentTerms"] ?? "", this.#system);
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

  /** Throws RangeError for a partner that isn't there. */
  dropSalesAreas(number: string): void {
    const partner = this.#partners.get(number);
    if (partner === undefined) throw new RangeError(`no partner ${number}`);
    this.#save({ ...partner, salesAreas: [] });
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

  /** A_CustomerSalesArea. */
  salesAreaSet(): EntitySet {
    return {
      properties: new Set([...Object.keys(SALES_AREA_FIELDS), "Customer"]),
      navigation: [],
      rows: () =>
        this.all().flatMap((partner) =>
          partner.salesAreas.map((fields) => ({
            Customer: partner.number,
            ...blank(SALES_AREA_FIELDS),
            ...fields,
          })),
        ),
      render: (row) => renderRow(row, "API_BUSINESS_PARTNER.A_CustomerSalesAreaType"),
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
      entity === "A_CustomerCompany" || entity === "A_CustomerSalesArea",
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
    const { number, companies, salesAreas } = partner;
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
            ...(has("to_Customer/to_CustomerSalesArea") && {
              to_CustomerSalesArea: {
                results: salesAreas.map((fields) =>
                  entity("A_CustomerSalesAreaType", {
                    Customer: number,
                    ...blank(SALES_AREA_FIELDS),
                    ...fields,
                  }),
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

function etagOf({ number, version }: StoredPartner): string {
  return `W/"'${number}.${version}'"`;
}

/** "BusinessPartner='1',AddressID='2'", or "'1'" for a key of one part. */
function keysOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/(?:(\w+)=)?'([^']*)'/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}
