import type { Account } from "./account.ts";
import { isObject } from "./body-check.ts";
import { filterOf } from "./collection-filter.ts";
import { collectionBody } from "./collection.ts";
import {
  insufficientPermission,
  invalidContent,
  invalidParameter,
  NetSuiteError,
  noSuchInstance,
  userError,
} from "./errors.ts";
import {
  bodyOf,
  checkAccept,
  checkParameters,
  isCollection,
  methodNotAllowed,
  nameValidation,
  pageOf,
  type Answer,
  type ApiRequest,
} from "./http-exchange.ts";
import { definitionOf, listTypeOf, TRANSACTION_TYPES, type RecordDefinition } from "./record-definitions.ts";
import type { StoredRecord } from "./record-store.ts";
import { viewListEntry, viewPeriod, viewRecord } from "./record-view.ts";
import type { RecordWriter, WriteTarget } from "./record-writer.ts";
import type { Books } from "./transaction-rules.ts";

/** One write of the record service, so that it can also be done later: a task of an asynchronous job. */
export interface WriteTask {
  readonly recordType: string;
  readonly method: string;
  /** As in the path: "eid:…" or an id; null for a new record. */
  readonly instance: string | null;
  readonly body: unknown;
  readonly names: "Error" | "Warning" | "Ignore";
  readonly replaced: readonly string[];
  readonly baseUrl: string;
}

/** The record service: /record/v1. */
export class RecordService {
  readonly #books: Books;
  readonly #writer: RecordWriter;
  readonly #revoked: ReadonlySet<string>;

  constructor(books: Books, writer: RecordWriter, revoked: ReadonlySet<string>) {
    this.#books = books;
    this.#writer = writer;
    this.#revoked = revoked;
  }

  /** Answers a request whose path is behind /record/v1. Throws NetSuiteError. */
  answer(request: ApiRequest): Answer {
    checkAccept(request);
    const [, , recordType = "", instance, operation, target] = request.path;
    const definition = definitionOf(recordType);
    if (definition === undefined) return this.#answerList(recordType, instance, request);
    this.#need(definition.permission);
    if (operation === "!transform") return this.#transform(definition, instance ?? "", target ?? "", request);
    if (operation !== undefined) throw noSuchInstance(`/${request.path.join("/")}`);
    if (request.method !== "GET") return this.write(this.taskOf(request));
    return instance === undefined
      ? this.#collection(definition, request)
      : this.#read(definition, instance, request);
  }

  /** What a write asks for. Throws where the request's form is wrong. */
  taskOf(request: ApiRequest): WriteTask {
    const [, , recordType = "", instance] = request.path;
    const definition = this.writable(recordType);
    const { method } = request;
    const isAllowed =
      instance === undefined
        ? method === "POST"
        : method === "PATCH" || (method === "PUT" && isExternal(instance));
    if (!isAllowed) throw methodNotAllowed(method);
    if (isCollection(request))
      throw invalidContent("A collection can only be written with Prefer: respond-async.", "");
    checkParameters(request, method === "POST" ? [] : ["replace"]);
    const replaced = (request.query.get("replace") ?? "").split(",").filter((name) => name !== "");
    for (const name of replaced)
      if (definition.sublists[name] === undefined)
        throw invalidParameter("replace", `There is no sublist '${name}' of ${definition.type}.`);
    return {
      recordType,
      method,
      instance: instance ?? null,
      body: bodyOf(request),
      names: nameValidation(request),
      replaced,
      baseUrl: request.baseUrl,
    };
  }

  /** A type of records that can be written. Throws where there is none, or the role may not. */
  writable(recordType: string): RecordDefinition {
    const definition = definitionOf(recordType);
    if (definition === undefined)
      throw listTypeOf(recordType) === undefined ? noSuchType(recordType) : methodNotAllowed("PUT");
    this.#need(definition.permission);
    return definition;
  }

  /** Writes at once. 204: the id is in the location, and nowhere else. Throws NetSuiteError. */
  write(task: WriteTask): Answer {
    const definition = this.writable(task.recordType);
    const record = this.#writer.write(definition, this.#target(definition, task), task.body, {
      names: task.names,
      replaced: new Set(task.replaced),
    });
    return created(record, definition, task.baseUrl);
  }

  #target(definition: RecordDefinition, { method, instance }: WriteTask): WriteTarget {
    if (instance === null) return { kind: "new" };
    if (method === "PUT" && isExternal(instance)) {
      const externalId = instance.slice(EXTERNAL.length);
      if (externalId === "") throw noSuchInstance(instance);
      return { kind: "external", externalId };
    }
    return { kind: "id", record: this.#find(definition, instance) };
  }

  #find(definition: RecordDefinition, instance: string): StoredRecord {
    const { store } = this.#books;
    const record = isExternal(instance)
      ? store.findExternal(definition.type, instance.slice(EXTERNAL.length))
      : store.find(definition.type, instance);
    if (record !== undefined) return record;
    if (definition.transaction !== null && store.has(instance, TRANSACTION_TYPES))
      throw userError("Transaction type specified is incorrect.");
    throw noSuchInstance(`/services/rest/record/v1/${definition.type}/${instance}`);
  }

  #read(definition: RecordDefinition, instance: string, request: ApiRequest): Answer {
    checkParameters(request, ["expandSubResources", "simpleEnumFormat", "fields"]);
    const view = viewRecord(this.#find(definition, instance), definition, {
      baseUrl: request.baseUrl,
      account: this.#books.account,
      store: this.#books.store,
      expandsSublists: request.query.get("expandSubResources") === "true",
    });
    const fields = request.query.get("fields")?.split(",");
    const body = Object.fromEntries(
      Object.entries(view)
        .filter(
          ([name]) => fields === undefined || name === "links" || name === "id" || fields.includes(name),
        )
        .map(([name, value]: [string, unknown]) =>
          name === "status" && request.query.get("simpleEnumFormat") === "true" && isObject(value)
            ? [name, value["id"]]
            : [name, value],
        ),
    );
    return { status: 200, headers: { "content-type": SINGULAR_TYPE }, body };
  }

  #collection(definition: RecordDefinition, request: ApiRequest): Answer {
    checkParameters(request, ["q", "limit", "offset"]);
    const { account, store } = this.#books;
    const page = pageOf(request);
    const q = request.query.get("q");
    const matches = q === null ? () => true : filterOf(q, definition, store, account.utcOffsetMinutes);
    const items = [...store.ofType(definition.type)].filter(matches).map(({ id }) => ({
      links: [{ rel: "self", href: `${request.baseUrl}/record/v1/${definition.type}/${id}` }],
      id,
    }));
    return {
      status: 200,
      headers: { "content-type": LIST_TYPE },
      body: collectionBody(items, page, request),
    };
  }

  /** An invoice becomes a credit memo that is applied to it; the body may say more. */
  #transform(definition: RecordDefinition, instance: string, target: string, request: ApiRequest): Answer {
    if (request.method !== "POST") throw methodNotAllowed(request.method);
    const memo = definitionOf(target);
    if (definition.type !== "invoice" || memo?.type !== "creditMemo")
      throw new NetSuiteError(400, [
        { detail: `Unsupported transformation of ${definition.type} to ${target}.`, code: "INVALID_REQUEST" },
      ]);
    this.#need(memo.permission);
    const invoice = this.#find(definition, instance);
    const body = request.body.trim() === "" ? {} : bodyOf(request);
    if (!isObject(body)) throw invalidContent("The request body must be a JSON object.", "");
    const copied = Object.fromEntries(
      [...COPIED_FIELDS].flatMap((name) => {
        const value = invoice.fields[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const record = this.#writer.write(
      memo,
      { kind: "new" },
      {
        ...copied,
        item: { items: invoice.sublists["item"] ?? [] },
        taxDetails: { items: invoice.sublists["taxDetails"] ?? [] },
        apply: { items: [{ doc: { id: invoice.id }, apply: true }] },
        ...body,
      },
      { names: nameValidation(request), replaced: new Set() },
    );
    return created(record, memo, request.baseUrl);
  }

  #answerList(recordType: string, instance: string | undefined, request: ApiRequest): Answer {
    const type = listTypeOf(recordType);
    if (type === undefined) throw noSuchType(recordType);
    if (request.method !== "GET") throw methodNotAllowed(request.method);
    this.#need(`Lists -> ${type}`);
    const { account } = this.#books;
    if (instance === undefined) {
      checkParameters(request, ["limit", "offset"]);
      const ids = idsOf(type, account).map((id) => ({
        links: [{ rel: "self", href: `${request.baseUrl}/record/v1/${type}/${id}` }],
        id,
      }));
      return {
        status: 200,
        headers: { "content-type": LIST_TYPE },
        body: collectionBody(ids, pageOf(request), request),
      };
    }
    checkParameters(request, ["expandSubResources", "simpleEnumFormat", "fields"]);
    const entry = account.lists.find((each) => each.type === type && each.id === instance);
    const period =
      type === "accountingPeriod" ? account.periods.find(({ id }) => id === instance) : undefined;
    const body =
      entry === undefined
        ? period === undefined
          ? undefined
          : viewPeriod(period, request.baseUrl)
        : viewListEntry(entry, request.baseUrl);
    if (body === undefined) throw noSuchInstance(`/services/rest/record/v1/${type}/${instance}`);
    return { status: 200, headers: { "content-type": SINGULAR_TYPE }, body };
  }

  #need(permission: string): void {
    if (this.#revoked.has(permission)) throw insufficientPermission(permission);
  }
}

const EXTERNAL = "eid:";
const SINGULAR_TYPE = "application/vnd.oracle.resource+json; type=singular";
const LIST_TYPE = "application/vnd.oracle.resource+json; type=collection";
const COPIED_FIELDS = [
  "entity",
  "subsidiary",
  "currency",
  "department",
  "class",
  "location",
  "taxDetailsOverride",
] as const;

function noSuchType(recordType: string): NetSuiteError {
  const detail = `Record type '${recordType}' does not exist.`;
  return new NetSuiteError(404, [{ detail, code: "NONEXISTENT_TYPE" }]);
}

function isExternal(instance: string): boolean {
  return instance.startsWith(EXTERNAL);
}

function idsOf(type: string, account: Account): readonly string[] {
  if (type === "accountingPeriod") return account.periods.map(({ id }) => id);
  return account.lists.filter((entry) => entry.type === type).map(({ id }) => id);
}

function created(record: StoredRecord, definition: RecordDefinition, baseUrl: string): Answer {
  return {
    status: 204,
    headers: { location: `${baseUrl}/record/v1/${definition.type}/${record.id}` },
  };
}
