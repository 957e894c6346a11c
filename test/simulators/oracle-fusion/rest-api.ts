import { notFound, OracleError, refused } from "./errors.ts";
import type { Imports } from "./imports.ts";
import { batchItem, BATCH_ATTRIBUTES } from "./journal-import.ts";
import { type Item, itemAnswer, listAnswer } from "./lists.ts";
import { changeAddress, changeParty, createParty, PARTY_ATTRIBUTES, partyItem, partyOf } from "./parties.ts";
import { valueLists } from "./value-lists.ts";
import type { Switches } from "./controls.ts";
import type { Transaction } from "./store.ts";
import type { Books } from "./transaction-rules.ts";
import {
  changeTransaction,
  createTransaction,
  deleteTransaction,
  TRANSACTION_ATTRIBUTES,
  transactionItem,
  transactionOf,
} from "./transactions.ts";

export interface RestRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly isOldFramework: boolean;
  readonly isImportRefused: boolean;
  readonly isImportPartial: boolean;
}

export interface RestAnswer {
  readonly status: number;
  readonly body?: object;
}

const FINANCIALS = "/fscmRestApi/resources/11.13.18.05/";
const PARTIES = "/crmRestApi/resources/11.13.18.05/";
const SCHEDULER = "/ess/rest/scheduler/v1/requests";

/** The REST services. Throws OracleError. */
export class RestApi {
  readonly #books: Books;
  readonly #imports: Imports;
  readonly #switches: Switches;

  constructor(books: Books, imports: Imports, switches: Switches) {
    this.#books = books;
    this.#imports = imports;
    this.#switches = switches;
  }

  answer(request: RestRequest): RestAnswer {
    const { path } = request;
    if (path === SCHEDULER) return { status: 200, body: this.#imports.requests(request.query) };
    if (path.startsWith(`${PARTIES}accounts`))
      return this.#parties(request, path.slice(`${PARTIES}accounts`.length).split("/").slice(1));
    if (!path.startsWith(FINANCIALS)) throw notFound();
    const [resource = "", ...parts] = path.slice(FINANCIALS.length).split("/");
    switch (resource) {
      case "receivablesInvoices":
        return this.#transactions(request, parts, false);
      case "receivablesCreditMemos":
        return this.#transactions(request, parts, true);
      case "erpintegrations":
        return this.#integrations(request);
      case "journalBatches":
        return this.#batches(request, parts);
      default:
        return this.#lists(request, resource, parts);
    }
  }

  #list(request: RestRequest, items: readonly Item[], attributes: readonly string[]): RestAnswer {
    const { query, isOldFramework } = request;
    const { childLimit } = this.#switches;
    return { status: 200, body: listAnswer(items, { query, attributes, isOldFramework, childLimit }) };
  }

  /** What was made lately isn't seen yet. */
  #isVisible = ({ createdMs }: { readonly createdMs: number }): boolean =>
    this.#books.nowMs() - createdMs >= this.#switches.lagMs;

  /** A whole record with all its children, as requests that make or change one are answered. */
  #whole(item: Item, isOldFramework: boolean): object {
    const { childLimit } = this.#switches;
    return itemAnswer(item, { query: new URLSearchParams(), isOldFramework, childLimit }, ["all"]);
  }

  #transactions(request: RestRequest, parts: readonly string[], isMemo: boolean): RestAnswer {
    const { method, body, isOldFramework } = request;
    const books = this.#books;
    const [id, , child, lineId, , tax] = parts;
    if (id === undefined) {
      if (method === "POST")
        return {
          status: 201,
          body: this.#whole(transactionItem(createTransaction(body, isMemo, books)), isOldFramework),
        };
      requireMethod(method, "GET");
      const items = books.store
        .all("transaction")
        .filter((each) => each.isMemo === isMemo && this.#isVisible(each))
        .map(transactionItem);
      return this.#list(request, items, TRANSACTION_ATTRIBUTES);
    }
    const transaction = this.#visible(transactionOf(id, isMemo, books));
    if (child !== undefined) {
      requireMethod(method, "GET");
      const lines = transactionItem(transaction).children[child];
      if (lines === undefined) throw notFound();
      if (lineId === undefined)
        return this.#list(request, lines, ["CustomerTransactionLineId", "LineNumber"]);
      const line = transaction.lines.findIndex((each) => each.id === lineId);
      const taxes = lines[line]?.children[tax ?? ""];
      if (taxes === undefined) throw notFound();
      return this.#list(request, taxes, ["CustomerTransactionLineId"]);
    }
    if (method === "DELETE") {
      deleteTransaction(transaction, books);
      return { status: 204 };
    }
    if (method === "PATCH") changeTransaction(transaction, body, books);
    else requireMethod(method, "GET");
    return { status: 200, body: this.#whole(transactionItem(transaction), isOldFramework) };
  }

  #visible(transaction: Transaction): Transaction {
    if (!this.#isVisible(transaction)) throw notFound();
    return transaction;
  }

  #parties(request: RestRequest, [number, , child, addressNumber]: readonly string[]): RestAnswer {
    const { method, body, isOldFramework } = request;
    if (number === undefined) {
      if (method === "POST")
        return { status: 201, body: this.#whole(partyItem(createParty(body, this.#books)), isOldFramework) };
      requireMethod(method, "GET");
      return this.#list(
        request,
        this.#books.store.all("party").filter(this.#isVisible).map(partyItem),
        PARTY_ATTRIBUTES,
      );
    }
    requireMethod(method, "PATCH");
    const party = partyOf(number, this.#books);
    if (child === undefined) changeParty(party, body, this.#books);
    else changeAddress(party, addressNumber ?? "", body, this.#books);
    return { status: 200, body: this.#whole(partyItem(party), isOldFramework) };
  }

  #integrations({ method, query, body, isImportRefused, isImportPartial }: RestRequest): RestAnswer {
    if (method === "POST")
      return { status: 201, body: this.#imports.submit(body, isImportRefused, isImportPartial) };
    requireMethod(method, "GET");
    return { status: 200, body: this.#imports.find(query.get("finder") ?? "") };
  }

  #batches(request: RestRequest, [id, , child, header, , lines]: readonly string[]): RestAnswer {
    requireMethod(request.method, "GET");
    const batches = this.#books.store.all("batch").filter(this.#isVisible);
    if (id === undefined) return this.#list(request, batches.map(batchItem), BATCH_ATTRIBUTES);
    const batch = batches.find((each) => each.id === id);
    if (batch === undefined || child !== "journalHeaders") throw notFound();
    if (header === undefined) {
      const href = `https://environment${request.path}/000${id}`;
      return { status: 200, body: { items: [{ links: [{ rel: "self", href }] }] } };
    }
    if (lines !== "journalLines") throw notFound();
    const items = batchItem(batch).children["journalHeaders"]?.[0]?.children["journalLines"] ?? [];
    return this.#list(request, items, ["JeLineNumber"]);
  }

  #lists(request: RestRequest, resource: string, parts: readonly string[]): RestAnswer {
    requireMethod(request.method, "GET");
    const list = valueLists(this.#books)[resource];
    if (list === undefined) throw notFound();
    const [id, , child] = parts;
    if (id === undefined) return this.#list(request, list.items(), list.attributes);
    const children = list.child?.(id, child ?? "");
    if (children === undefined) throw notFound();
    return this.#list(request, children, list.childAttributes ?? []);
  }
}

function requireMethod(method: string, right: string): void {
  if (method !== right) throw new OracleError(405, [{ detail: `The method ${method} isn't allowed.` }]);
}

/** A body that is no JSON. */
export function malformed(): OracleError {
  return refused("The request's body can't be read.", "JBO-26041");
}
