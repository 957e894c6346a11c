import type { IncomingMessage } from "node:http";
import { type Billing, REQUEST_PATH, REQUEST_SERVICE } from "./billing.ts";
import { billingSets } from "./billing-view.ts";
import { badRequest, forbidden, notFound, SapError } from "./errors.ts";
import { CUBE_KEY, cubeRows } from "./item-cube.ts";
import { answerBulk, JOURNAL_PATH, JOURNAL_SERVICE } from "./journal-service.ts";
import type { Books } from "./journal-rules.ts";
import { answerQuery, type EntitySet, renderRow } from "./odata-query.ts";
import type { EntityRow } from "./odata-values.ts";
import type { Sessions } from "./sessions.ts";
import type { SoapRequest } from "./soap-envelope.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

export interface ServiceRequest {
  readonly request: IncomingMessage;
  readonly user: string;
  /** Decoded. */
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly lockedPlaces: readonly number[];
}

const ODATA = "/sap/opu/odata/sap/";
const PARTNERS = "API_BUSINESS_PARTNER";
const REQUESTS = "API_BILLING_DOCUMENT_REQUEST_SRV";
const XML = { "content-type": "text/xml; charset=utf-8" };
/** Names of the cube's fields, whether it has rows or not. */
const CUBE_FIELDS = [
  ...CUBE_KEY,
  "AccountingDocumentType",
  "DocumentReferenceID",
  "AccountingDocumentHeaderText",
  "AccountingDocCreatedByUser",
  "DocumentDate",
  "PostingDate",
  "AccountingDocumentCreationDate",
  "FinancialAccountType",
  "AccountingDocumentItemType",
  "DebitCreditCode",
  "GLAccount",
  "Customer",
  "TaxCode",
  "DocumentItemText",
  "AssignmentReference",
  "CostCenter",
  "ProfitCenter",
  "Segment",
  "NetDueDate",
  "TransactionCurrency",
  "AmountInTransactionCurrency",
  "ClearingAccountingDocument",
  "IsCleared",
  "InvoiceReference",
  "InvoiceReferenceFiscalYear",
  "IsReversal",
  "IsReversed",
] as const;

/** The services that the system's arrangements allow. */
export class Services {
  readonly #books: Books;
  readonly #sessions: Sessions;
  readonly #revoked: ReadonlySet<string>;
  readonly #billing: Billing;
  readonly #sets: ReadonlyMap<string, EntitySet>;

  constructor({
    books,
    billing,
    sessions,
    revoked,
  }: {
    readonly books: Books;
    readonly billing: Billing;
    readonly sessions: Sessions;
    readonly revoked: ReadonlySet<string>;
  }) {
    this.#books = books;
    this.#sessions = sessions;
    this.#revoked = revoked;
    this.#billing = billing;
    this.#sets = entitySets(books, billing);
  }

  answer(asked: ServiceRequest): Answer {
    const { path, request, user } = asked;
    this.#billing.settle();
    if (path === JOURNAL_PATH) return this.#answerJournal(asked);
    if (path === REQUEST_PATH) return this.#answerRequests(asked);
    const [service = "", ...segments] = path.startsWith(ODATA) ? path.slice(ODATA.length).split("/") : [];
    if (!SERVICES.has(service)) throw notFound(`No service found for namespace, name '${service}'`);
    if (this.#revoked.has(service)) throw forbidden(service);
    const session =
      request.headers["x-csrf-token"]?.toString().toLowerCase() === "fetch" ? this.#sessions.open(user) : {};
    if (request.method === "GET") return this.#read(`${service}/${segments.join("/")}`, asked, session);
    const isReject = service === REQUESTS && segments.join("/") === "Reject" && request.method === "POST";
    if (service !== PARTNERS && !isReject)
      throw new SapError(405, "/IWBEP/CM_MGW_RT/120", "Method not allowed");
    this.#sessions.check(request, user);
    if (isReject) return this.#reject(asked);
    return this.#write(segments.join("/"), asked);
  }

  #answerJournal(asked: ServiceRequest): Answer {
    return this.#answerSoap(JOURNAL_SERVICE, asked, (request) => ({
      status: 200,
      headers: XML,
      body: answerBulk(request, this.#books, asked.lockedPlaces),
    }));
  }

  /** The answer is empty, whatever becomes of the message. */
  #answerRequests(asked: ServiceRequest): Answer {
    return this.#answerSoap(REQUEST_SERVICE, asked, (request) => {
      this.#billing.receive(request);
      return { status: 202, headers: {}, body: "" };
    });
  }

  #answerSoap(
    service: string,
    { request, query, body }: ServiceRequest,
    answer: (request: SoapRequest) => Answer,
  ): Answer {
    if (this.#revoked.has(service)) throw new SapError(403, "403", "Forbidden", { form: "text" });
    if (request.method === "GET" && query === "wsdl")
      return {
        status: 200,
        headers: XML,
        body: '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"/>',
      };
    if (request.method !== "POST") throw new SapError(405, "405", "Method not allowed", { form: "text" });
    const action = request.headers["soapaction"];
    const contentType = request.headers["content-type"];
    return answer({ action: typeof action === "string" ? action : undefined, contentType, body });
  }

  #reject({ query }: ServiceRequest): Answer {
    const [, number] =
      /^'(\d{1,10})'$/.exec(new URLSearchParams(query).get("BillingDocumentRequest") ?? "") ?? [];
    if (number === undefined) throw badRequest("Parameter BillingDocumentRequest is invalid");
    this.#billing.reject(number);
    return { status: 200, headers: { "content-type": "application/json" }, body: '{"d":{"results":[]}}' };
  }

  #read(
    name: string,
    { query }: ServiceRequest,
    session: Readonly<Record<string, string | readonly string[]>>,
  ): Answer {
    const headers = { "content-type": "application/json", ...session };
    if (name === `${PARTNERS}/`) {
      const EntitySets = ["A_BusinessPartner", "A_Customer"];
      return { status: 200, headers, body: JSON.stringify({ d: { EntitySets } }) };
    }
    const set = this.#sets.get(name);
    if (set === undefined) throw notFound(`Resource not found for the segment '${name}'`);
    return { status: 200, headers, body: JSON.stringify(answerQuery(set, query)) };
  }

  #write(path: string, { request, body }: ServiceRequest): Answer {
    const { partners } = this.#books;
    if (!(request.headers["content-type"] ?? "").startsWith("application/json"))
      throw new SapError(415, "415", "Unsupported media type");
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch {
      throw badRequest("Malformed JSON", "CX_SXML_PARSE_ERROR");
    }
    const headers = { "content-type": "application/json" };
    if (request.method === "POST") {
      const made = path === "A_BusinessPartner" ? partners.create(parsed) : partners.add(path, parsed);
      return { status: 201, headers, body: JSON.stringify({ d: made }) };
    }
    if (request.method !== "PATCH" && request.method !== "MERGE")
      throw new SapError(405, "/IWBEP/CM_MGW_RT/120", "Method not allowed");
    partners.change(path, parsed, request.headers["if-match"]);
    return { status: 204, headers: {}, body: "" };
  }
}

function entitySets(
  { system, documents, partners }: Books,
  billing: Billing,
): ReadonlyMap<string, EntitySet> {
  const list = (type: string, field: string, values: () => readonly string[]): EntitySet => ({
    properties: new Set([field]),
    navigation: [],
    rows: () => values().map((value): EntityRow => ({ [field]: value })),
    render: (row) => renderRow(row, type),
  });
  return new Map<string, EntitySet>([
    [`${PARTNERS}/A_BusinessPartner`, partners.entitySet()],
    [`${PARTNERS}/A_CustomerSalesArea`, partners.salesAreaSet()],
    ...billingSets(billing.stores, system),
    [
      "API_PRODUCT_SRV/A_ProductSalesDelivery",
      {
        properties: new Set(["Product", "ProductSalesOrg", "ProductDistributionChnl", "IsMarkedForDeletion"]),
        navigation: [],
        rows: () =>
          system.salesOrganizations.flatMap(({ id, channel }) =>
            system.materials.map((material) => ({
              Product: material.id,
              ProductSalesOrg: id,
              ProductDistributionChnl: channel,
              IsMarkedForDeletion: material.isMarkedForDeletion,
            })),
          ),
        render: (row) => renderRow(row, "API_PRODUCT_SRV.A_ProductSalesDeliveryType"),
      },
    ],
    [
      "API_SALESORGANIZATION_SRV/A_SalesOrganization",
      list("SalesOrganization", "SalesOrganization", () => system.salesOrganizations.map(({ id }) => id)),
    ],
    [
      "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube",
      {
        properties: new Set(CUBE_FIELDS),
        navigation: [],
        rows: () => cubeRows(documents.all(), system),
        render: (row) => renderRow(row, "API_OPLACCTGDOCITEMCUBE_SRV.A_OperationalAcctgDocItemCubeType"),
      },
    ],
    [
      "API_COMPANYCODE_SRV/A_CompanyCode",
      list("CompanyCode", "CompanyCode", () => system.companyCodes.map(({ id }) => id)),
    ],
    [
      "API_GLACCOUNTINCHARTOFACCOUNTS_SRV/A_GLAccountInChartOfAccounts",
      list("GLAccount", "GLAccount", () => system.accounts.map(({ id }) => id)),
    ],
    ["API_COSTCENTER_SRV/A_CostCenter", list("CostCenter", "CostCenter", () => system.costCenters)],
    ["API_PROFITCENTER_SRV/A_ProfitCenter", list("ProfitCenter", "ProfitCenter", () => system.profitCenters)],
  ]);
}

const SERVICES: ReadonlySet<string> = new Set([
  PARTNERS,
  "API_OPLACCTGDOCITEMCUBE_SRV",
  "API_COMPANYCODE_SRV",
  "API_GLACCOUNTINCHARTOFACCOUNTS_SRV",
  "API_COSTCENTER_SRV",
  "API_PROFITCENTER_SRV",
  REQUESTS,
  "API_BILLING_DOCUMENT_SRV",
  "API_PRODUCT_SRV",
  "API_SALESORGANIZATION_SRV",
]);
