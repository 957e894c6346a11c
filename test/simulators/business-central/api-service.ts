import { parseJson } from "../exact-numbers.ts";
import type { Books } from "./books.ts";
import { checkBody } from "./body-check.ts";
import { CustomerService } from "./customer-service.ts";
import { entityOf } from "./definitions.ts";
import type { Company } from "./environment.ts";
import { badRequest, BusinessCentralError, entityChanged, noPermission, recordNotFound } from "./errors.ts";
import { JournalService } from "./journal-service.ts";
import { dimensionValueRows, listRows, type ListRow } from "./lists.ts";
import { type Query, queryOf } from "./query.ts";
import { isSaleSet, linesNameOf, SaleService } from "./sale-service.ts";
import { RECORD_SETS, type RecordSet, type StoredRecord } from "./store.ts";
import { etagOf, filterValues, recordView, valuesView } from "./view.ts";

/** A request to the API behind "…/api/v2.0/", also one inside a batch. */
export interface ApiRequest {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  /** Lower-case names. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
  /** What links begin with: "http://…/api/v2.0". */
  readonly base: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
}

const SEGMENT = /^([A-Za-z$.]+)(?:\(([^)]*)\))?$/;
const POST = "Microsoft.NAV.post";

interface Segment {
  readonly name: string;
  readonly id: string | undefined;
}

/** Entities and actions of the API. Throws BusinessCentralError. */
export class ApiService {
  readonly #books: Books;
  readonly #revoked: ReadonlySet<string>;
  /** Rows of a page where nothing smaller is asked for. */
  readonly #pageRows: number;
  readonly #customers: CustomerService;
  readonly #journals: JournalService;
  readonly sales: SaleService;

  constructor(books: Books, revoked: ReadonlySet<string>, pageRows: number) {
    this.#pageRows = pageRows;
    this.#books = books;
    this.#revoked = revoked;
    this.#customers = new CustomerService(books);
    this.#journals = new JournalService(books);
    this.sales = new SaleService(books);
  }

  /** One request, all of it or nothing. */
  answer(request: ApiRequest): Answer {
    const [path = "", search = ""] = request.url.split(/\?(.*)/s);
    const [first, second, third, ...others] = segmentsOf(path);
    if (first?.name !== "companies" || others.length > 0) throw noSegment(path);
    const query = new URLSearchParams(search);
    if (first.id === undefined) {
      if (second !== undefined || request.method !== "GET") throw noSegment(path);
      const rows = this.#books.environment.companies.map(({ id, name }) => ({
        id,
        values: { name, displayName: name },
      }));
      return this.#list(rows, "companies", query, request);
    }
    const company = this.#books.environment.companies.find(({ id }) => id === first.id?.toLowerCase());
    if (company === undefined)
      throw new BusinessCentralError(
        404,
        "Internal_CompanyNotFound",
        `The company with the id ${first.id} can't be found.`,
      );
    if (second === undefined) throw noSegment(path);
    if (this.#revoked.has(second.name)) throw noPermission(second.name);
    const rows = listRows(second.name, company);
    if (rows !== undefined) return this.#answerList(rows, second, third, query, request, company);
    const set = RECORD_SETS.find((each) => each === second.name);
    if (set === undefined) throw noSegment(path);
    return this.#books.store.transaction(() =>
      second.id === undefined
        ? this.#answerSet(set, query, request, company, third)
        : this.#answerRecord(set, this.#record(set, second.id, company), request, company, third),
    );
  }

  #answerList(
    rows: readonly ListRow[],
    { name, id }: Segment,
    inner: Segment | undefined,
    query: URLSearchParams,
    request: ApiRequest,
    company: Company,
  ): Answer {
    if (request.method !== "GET") throw notAllowed(request.method, name);
    if (id === undefined && inner === undefined) return this.#list(rows, name, query, request);
    if (name !== "dimensions" || id === undefined || inner?.name !== "dimensionValues")
      throw noSegment(request.url);
    const values = dimensionValueRows(company, id.toLowerCase());
    if (values === undefined) throw recordNotFound("Dimension");
    return this.#list(values, "dimensionValues", query, request);
  }

  #answerSet(
    set: RecordSet,
    query: URLSearchParams,
    request: ApiRequest,
    company: Company,
    inner: Segment | undefined,
  ): Answer {
    if (inner !== undefined) throw noSegment(request.url);
    if (request.method === "GET") {
      const read = queryOf(query, entityOf(set));
      const found = [...this.#books.store.all(set, company.id)].filter((record) =>
        read.matches(filterValues(record)),
      );
      return pageAnswer(found, read, { request, maxRows: this.#pageRows }, (record) => viewOf(record, read));
    }
    if (request.method !== "POST" || set === "generalLedgerEntries") throw notAllowed(request.method, set);
    if (this.#revoked.has(`${set} insert`)) throw noPermission(set);
    const body = checkBody(jsonOf(request), entityOf(set));
    const record =
      set === "customers"
        ? this.#customers.create(body, company)
        : set === "journals"
          ? this.#journals.create(body, company)
          : this.sales.create(set, body, company);
    return { status: 201, headers: {}, body: viewOf(record) };
  }

  #answerRecord(
    set: RecordSet,
    record: StoredRecord,
    request: ApiRequest,
    company: Company,
    inner: Segment | undefined,
  ): Answer {
    if (inner !== undefined) return this.#answerInner(set, record, request, company, inner);
    switch (request.method) {
      case "GET":
        return { status: 200, headers: {}, body: viewOf(record) };
      case "PATCH": {
        checkMatch(request, record);
        if (set !== "customers") throw notAllowed("PATCH", set);
        if (this.#revoked.has(`${set} modify`)) throw noPermission(set);
        const changed = this.#customers.change(record, checkBody(jsonOf(request), entityOf(set)), company);
        return { status: 200, headers: {}, body: viewOf(changed) };
      }
      case "DELETE":
        checkMatch(request, record);
        if (isSaleSet(set)) this.sales.delete(record);
        else if (set === "journals") this.#journals.delete(record);
        else throw notAllowed("DELETE", set);
        return { status: 204, headers: {} };
      default:
        throw notAllowed(request.method, set);
    }
  }

  #answerInner(
    set: RecordSet,
    record: StoredRecord,
    request: ApiRequest,
    company: Company,
    inner: Segment,
  ): Answer {
    if (inner.name === POST && inner.id === undefined) {
      if (request.method !== "POST") throw notAllowed(request.method, POST);
      if (request.body !== "") throw badRequest("Invalid Request Body");
      if (this.#revoked.has(`${set} post`)) throw noPermission(set);
      if (isSaleSet(set)) this.sales.post(set, record, company);
      else if (set === "journals") this.#journals.post(record, company);
      else throw noSegment(request.url);
      return { status: 204, headers: {} };
    }
    const entity = entityOf(set).nested[inner.name];
    if (entity === undefined || inner.name === "dimensionSetLines" || inner.id !== undefined)
      throw noSegment(request.url);
    if (request.method !== "POST") throw notAllowed(request.method, inner.name);
    const body = checkBody(jsonOf(request), entity);
    const changed = isSaleSet(set)
      ? this.sales.addLine(record, body, company)
      : this.#journals.addLine(record, body, company);
    const last = changed.lines.at(-1);
    return {
      status: 201,
      headers: {},
      body: valuesView({ ...last?.values, id: last?.id ?? "" }, entity, undefined),
    };
  }

  #list(rows: readonly ListRow[], set: string, parameters: URLSearchParams, request: ApiRequest): Answer {
    const entity = entityOf(set);
    const query = queryOf(parameters, entity);
    const found = rows.filter(({ id, values }) => query.matches({ ...values, id }));
    return pageAnswer(found, query, { request, maxRows: this.#pageRows }, ({ id, values }) =>
      valuesView({ ...values, id }, entity, query.select),
    );
  }

  #record(set: RecordSet, id: string, company: Company): StoredRecord {
    const record = this.#books.store.find(set, company.id, id.toLowerCase());
    if (record === undefined) throw recordNotFound(entityOf(set).type);
    return record;
  }
}

function segmentsOf(path: string): readonly Segment[] {
  return path.split("/").map((part) => {
    const [, name, id] = SEGMENT.exec(decodeURIComponent(part)) ?? [];
    if (name === undefined) throw noSegment(path);
    return { name, id };
  });
}

function noSegment(path: string): BusinessCentralError {
  return new BusinessCentralError(
    404,
    "BadRequest_ResourceNotFound",
    `Resource not found for the segment '${path.slice(0, 100)}'.`,
  );
}

function notAllowed(method: string, set: string): BusinessCentralError {
  return new BusinessCentralError(
    405,
    "BadRequest_MethodNotAllowed",
    `'${method}' requests for '${set}' of EdmType 'Entity' are not allowed within Microsoft Dynamics 365 Business Central OData web services.`,
  );
}

function jsonOf(request: ApiRequest): unknown {
  if (!/^application\/json\b/i.test(request.header("content-type") ?? ""))
    throw new BusinessCentralError(415, "BadRequest", "The content type is not supported.");
  try {
    return parseJson(request.body);
  } catch {
    throw badRequest("Invalid Request Body");
  }
}

/** Throws where the record is not the one that was read. */
function checkMatch(request: ApiRequest, record: StoredRecord): void {
  const given = request.header("if-match");
  if (given === undefined)
    throw new BusinessCentralError(
      400,
      "BadRequest_InvalidToken",
      "Could not validate the client concurrency token required by the service. Please provide a valid token in the client request.",
    );
  if (given !== "*" && given !== etagOf(record)) throw entityChanged();
}

function viewOf(record: StoredRecord, query?: Query): Record<string, unknown> {
  const linesName = isSaleSet(record.set)
    ? linesNameOf(record.set)
    : record.set === "journals"
      ? "journalLines"
      : undefined;
  return recordView(record, { select: query?.select, expand: query?.expand ?? [], linesName });
}

/** A page of what was found, and where the next one is. */
function pageAnswer<Row>(
  found: readonly Row[],
  { top, skip }: Query,
  { request, maxRows }: { readonly request: ApiRequest; readonly maxRows: number },
  view: (row: Row) => object,
): Answer {
  const [, asked = ""] = /odata\.maxpagesize=(\d{1,6})/.exec(request.header("prefer") ?? "") ?? [];
  const size = Math.min(maxRows, asked === "" ? maxRows : Number(asked));
  const end = Math.min(found.length, top);
  const page = found.slice(skip, Math.min(end, skip + size));
  const hasMore = skip + page.length < end;
  return {
    status: 200,
    headers: {},
    body: {
      "@odata.context": `${request.base}/$metadata`,
      value: page.map(view),
      ...(hasMore && { "@odata.nextLink": nextLink(request, skip + page.length) }),
    },
  };
}

function nextLink({ base, url }: ApiRequest, skip: number): string {
  const [path = "", search = ""] = url.split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  query.set("$skiptoken", String(skip));
  return `${base}/${path}?${query.toString()}`;
}
