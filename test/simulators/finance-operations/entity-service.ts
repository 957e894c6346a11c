import { isNumberText, parseJson } from "../exact-numbers.ts";
import { checkedBody } from "./body-check.ts";
import { numberOf, type Row, textOf, type Value } from "./books.ts";
import { checkCustomer } from "./customer-rules.ts";
import { ENTITIES, type EntityDefinition } from "./entity-definitions.ts";
import {
  accessDenied,
  badQuery,
  FinanceOperationsError,
  malformed,
  noSegment,
  notFound,
  notInTable,
  recordExists,
  writeFailed,
} from "./errors.ts";
import { checkInvoiceHeader, checkInvoiceLine } from "./invoice-rules.ts";
import { checkJournalHeader, checkJournalLine } from "./journal-rules.ts";
import type { Rules } from "./ledger-rules.ts";
import { type Filter, parsedFilter } from "./odata-filter.ts";

export interface EntityRequest {
  readonly method: string;
  /** Behind "/data/", decoded: "CustomersV3" or "CustomersV3(dataAreaId='usmf',CustomerAccount='C42')". */
  readonly resource: string;
  readonly query: URLSearchParams;
  readonly body: string;
  /** Value of `Prefer`. */
  readonly prefer: string;
}

export interface EntityAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | undefined;
}

export interface EntityServiceOptions {
  readonly rules: Rules;
  /** Entities that the application's user may not use. */
  readonly revoked: ReadonlySet<string>;
  readonly nowMs: () => number;
  /** Most rows of a page. */
  readonly pageRows: () => number;
  readonly origin: () => string;
}

const OPTIONS = new Set(["cross-company", "$filter", "$select", "$top", "$skiptoken", "$orderby", "$count"]);

/** Reads and writes records by entities. Writes belong in a transaction of the caller's. */
export class EntityService {
  readonly #options: EntityServiceOptions;

  constructor(options: EntityServiceOptions) {
    this.#options = options;
  }

  answer(request: EntityRequest): EntityAnswer {
    const [, name = "", keyText] = /^(\w+)(?:\((.*)\))?$/s.exec(request.resource) ?? [];
    const entity = ENTITIES[name];
    if (entity === undefined) throw noSegment(name === "" ? request.resource : name);
    for (const option of request.query.keys())
      if (!OPTIONS.has(option)) throw badQuery(`The query parameter '${option}' is not supported.`);
    if (this.#options.revoked.has(name)) throw accessDenied(name);
    if (!entity.methods.includes(request.method))
      throw new FinanceOperationsError(405, undefined, `${request.method} is not allowed for ${name}`);
    if (request.method === "POST") {
      if (keyText !== undefined) throw noSegment(request.resource);
      return this.#create(entity, request, name);
    }
    if (keyText === undefined) {
      if (request.method === "GET") return this.#list(entity, name, request);
      throw new FinanceOperationsError(405, undefined, `${request.method} needs a key`);
    }
    const [id, row] = this.#byKey(entity, keyText, request.query);
    if (request.method === "GET") return { status: 200, headers: {}, body: this.#shown(entity, row) };
    if (request.method === "DELETE") return this.#delete(entity, id, row);
    return this.#change(entity, id, row, request);
  }

  #list(entity: EntityDefinition, name: string, { query }: EntityRequest): EntityAnswer {
    const { rules, pageRows, origin } = this.#options;
    const filterText = query.get("$filter");
    const filter: Filter = filterText === null ? () => true : parsedFilter(filterText, entity);
    const fields = (query.get("$select") ?? "").split(",").filter((field) => field !== "");
    for (const field of fields)
      if (!Object.hasOwn(entity.fields, field))
        throw badQuery(`Could not find a property named '${field}' on type '${entity.type}'.`);
    const company =
      query.get("cross-company") === "true" ? undefined : rules.books.environment.defaultCompany;
    const top = wholeNumber(query, "$top") ?? Infinity;
    const skip = wholeNumber(query, "$skiptoken") ?? 0;
    const rows = rules.books
      .rows(entity.rows)
      .map(([, row]) => this.#shown(entity, row))
      .filter((row) => company === undefined || !("dataAreaId" in row) || row["dataAreaId"] === company)
      .filter((row) => filter(row));
    const end = Math.min(skip + pageRows(), top);
    const next = new URLSearchParams(query);
    next.set("$skiptoken", String(end));
    return {
      status: 200,
      headers: {},
      body: {
        "@odata.context": `${origin()}/data/$metadata#${name}`,
        value: rows.slice(skip, end).map((row) => selected(row, fields)),
        ...(end < Math.min(rows.length, top) && {
          "@odata.nextLink": `${origin()}/data/${name}?${next.toString()}`,
        }),
      },
    };
  }

  #create(entity: EntityDefinition, request: EntityRequest, name: string): EntityAnswer {
    const { books } = this.#options.rules;
    const given = this.#capitals(checkedBody(entity, bodyOf(request.body)));
    const company = this.#companyOf(entity, given, request.query);
    const id = books.newRecordId();
    const row = this.#checked(entity, name, { ...given, dataAreaId: company });
    const key = Object.fromEntries(entity.key.map((field) => [field, textOf(row[field])]));
    if (books.find(entity.rows, key) !== undefined) throw recordExists(entity.table, entity.type);
    books.set(entity.rows, id, { ...row, ...this.#givenFields(entity, id) });
    this.#finish(entity, row);
    const headers = { location: `${this.#options.origin()}/data/${name}(${keyTextOf(entity, row)})` };
    return /return=minimal/.test(request.prefer)
      ? { status: 204, headers, body: undefined }
      : { status: 201, headers, body: this.#shown(entity, books.find(entity.rows, key)?.[1] ?? row) };
  }

  #change(entity: EntityDefinition, id: string, row: Row, request: EntityRequest): EntityAnswer {
    const { books } = this.#options.rules;
    if (textOf(row["IsPosted"]) === "Yes")
      throw writeFailed(entity.table, "Error: It is posted and can't be changed.");
    const given = checkedBody(entity, bodyOf(request.body));
    for (const field of entity.key)
      if (field in given && textOf(given[field]) !== textOf(row[field]))
        throw malformed(`The key property '${field}' can't be changed.`);
    const [name = ""] = request.resource.split("(");
    const changed = { ...row, ...given };
    // A journal's number stays; a new one is given to new journals only.
    const checked = entity.rows === "journals" ? changed : this.#checked(entity, name, changed);
    books.set(entity.rows, id, { ...changed, ...checked });
    return { status: 204, headers: {}, body: undefined };
  }

  #delete(entity: EntityDefinition, id: string, row: Row): EntityAnswer {
    const { books } = this.#options.rules;
    if (textOf(row["IsPosted"]) === "Yes")
      throw writeFailed(entity.table, "Error: It is posted and can't be deleted.");
    const children = {
      invoices: ["invoiceLines", "ExternalInvoiceId"],
      journals: ["journalLines", "JournalBatchNumber"],
    } as const;
    if (entity.rows === "invoices" || entity.rows === "journals") {
      const [table, field] = children[entity.rows];
      for (const [lineId, line] of books.rows(table))
        if (textOf(line[field]) === textOf(row[field]) && line["dataAreaId"] === row["dataAreaId"])
          books.delete(table, lineId);
    }
    books.delete(entity.rows, id);
    return { status: 204, headers: {}, body: undefined };
  }

  #checked(entity: EntityDefinition, name: string, row: Row): Row {
    const { rules } = this.#options;
    switch (name) {
      case "CustomersV3":
        return checkCustomer(rules, entity, row);
      case "CDSFreeTextInvoiceHeaders":
        return checkInvoiceHeader(rules, entity, row);
      case "CDSFreeTextInvoiceLines":
        return checkInvoiceLine(rules, entity, row);
      case "LedgerJournalHeaders":
        return checkJournalHeader(rules, entity, row);
      case "LedgerJournalLines":
        return checkJournalLine(rules, entity, row);
      default:
        return row;
    }
  }

  #capitals(row: Row): Row {
    if (!this.#options.rules.books.environment.normalisesTexts) return row;
    const capitals = ["CustomerAccount", "ExternalInvoiceId"].filter((field) => field in row);
    return {
      ...row,
      ...Object.fromEntries(capitals.map((field) => [field, textOf(row[field]).toUpperCase()])),
    };
  }

  /** Fields that the service gives a new record. */
  #givenFields(entity: EntityDefinition, id: string): Row {
    if (entity.rows === "invoices")
      return { InvoiceIdentifier: numberOf(id), FreeTextNumber: `FTX-${id.slice(-8)}`, ...this.#stamp() };
    return entity.rows === "journals" ? this.#stamp() : {};
  }

  /** Since when the posting job may take it: kept with the record, and shown by no entity. */
  #stamp(): Row {
    return { FinishedAt: numberOf(String(this.#options.nowMs())) };
  }

  /** A document is finished when its last line has come. */
  #finish(entity: EntityDefinition, line: Row): void {
    const { books } = this.#options.rules;
    const parents = {
      invoiceLines: ["invoices", "ExternalInvoiceId"],
      journalLines: ["journals", "JournalBatchNumber"],
    } as const;
    if (entity.rows !== "invoiceLines" && entity.rows !== "journalLines") return;
    const [table, field] = parents[entity.rows];
    const header = books.find(table, {
      dataAreaId: textOf(line["dataAreaId"]),
      [field]: textOf(line[field]),
    });
    if (header !== undefined) books.set(table, header[0], { ...header[1], ...this.#stamp() });
  }

  #companyOf(entity: EntityDefinition, row: Row, query: URLSearchParams): string {
    const { books } = this.#options.rules;
    const { defaultCompany } = books.environment;
    const company = textOf(row["dataAreaId"]).toLowerCase() || defaultCompany;
    if (books.find("companies", { LegalEntityId: company }) === undefined)
      throw notInTable(entity.table, company, "Company", "Legal entities");
    if (company !== defaultCompany && query.get("cross-company") !== "true")
      throw writeFailed(
        entity.table,
        `Error: The company ${company} can't be written to from ${defaultCompany}.`,
      );
    return company;
  }

  #byKey(entity: EntityDefinition, keyText: string, query: URLSearchParams): readonly [string, Row] {
    const key: Record<string, string> = {};
    for (const [, field = "", quoted, plain] of keyText.matchAll(
      /(\w+)=(?:'((?:[^']|'')*)'|([^,']+))(?:,|$)/g,
    ))
      key[field] = quoted === undefined ? (plain ?? "") : quoted.replaceAll("''", "'");
    if (entity.key.some((field) => !(field in key)) || Object.keys(key).length !== entity.key.length)
      throw badQuery(`The number of keys specified in the URI does not match those of '${entity.type}'.`);
    const { books } = this.#options.rules;
    const isOther = (key["dataAreaId"] ?? "").toLowerCase() !== books.environment.defaultCompany;
    if ("dataAreaId" in key && isOther && query.get("cross-company") !== "true") throw notFound();
    const found = books.find(entity.rows, key);
    if (found === undefined) throw notFound();
    return found;
  }

  /** Fields of the entity; what is not set is empty. */
  #shown(entity: EntityDefinition, row: Row): Record<string, Value> {
    const shown = Object.fromEntries(
      Object.entries(entity.fields).map(([name, { type }]) => [name, row[name] ?? emptyOf(type)]),
    );
    const { normalisesTexts, delimiter } = this.#options.rules.books.environment;
    if (normalisesTexts)
      for (const field of ["MainAccountDisplayValue", "AccountDisplayValue"])
        if (field in shown) shown[field] = withoutEnd(textOf(shown[field]), delimiter);
    return shown;
  }
}

function withoutEnd(text: string, end: string): string {
  return text.endsWith(end) ? withoutEnd(text.slice(0, -end.length), end) : text;
}

function emptyOf(type: string): Value {
  if (type === "decimal" || type === "int64") return numberOf("0");
  // The service has no empty dates.
  return type === "date" ? "1900-01-01T12:00:00Z" : type === "NoYes" ? "No" : "";
}

function selected(row: Record<string, Value>, fields: readonly string[]): object {
  const etag = { "@odata.etag": 'W/"JzAsMDsn"' };
  if (fields.length === 0) return { ...etag, ...row };
  return { ...etag, ...Object.fromEntries(fields.map((field) => [field, row[field]])) };
}

function keyTextOf(entity: EntityDefinition, row: Row): string {
  return entity.key
    .map((field) => {
      const value = row[field];
      return `${field}=${isNumberText(value) ? value.$number : `'${textOf(value)}'`}`;
    })
    .join(",");
}

function bodyOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw malformed("An error occurred while reading from the stream: it is not JSON.");
  }
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw badQuery(`Invalid value '${text}' for ${name}.`);
  return Number(text);
}
