import type { ErpDescription } from "../../model/erp-description.ts";
import type { MappedReferences, PostedCustomer } from "../../model/posting.ts";
import type { PartitionStore } from "../../model/store.ts";
import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import { mappingKeys } from "../../billing/posting/mapping-keys.ts";
import { canonicalHash, type DocumentToPost, postingCommand } from "../../billing/posting/posting-command.ts";
import { missingText, resolveMapping } from "../../billing/posting/resolve-mapping.ts";
import type { Journal } from "../journal.ts";
import { type PostingBook, storedContent } from "./posting-book.ts";
import { type Posting, POSTED, UNDER_WAY, type WaitingReason } from "./posting-row.ts";

export interface CommandQueueOptions {
  readonly book: PostingBook;
  readonly journal: Journal;
  readonly partition: number;
  readonly descriptions: ReadonlyMap<string, ErpDescription>;
  readonly catalog: () => CompiledCatalog | undefined;
}

/** What is kept of a posting besides its document. */
export type PostingHead = Pick<
  Posting,
  "legalEntity" | "currency" | "customer" | "account" | "dueDate" | "amount"
>;

type Resolution =
  | { readonly references: MappedReferences }
  | { readonly waits: WaitingReason; readonly missing: readonly string[] };

/** Characters of a list of missing keys in an exception: the whole list stands in the posting's row. */
const MAX_LISTED_KEYS = 50;

/** Resolves mappings and queues commands; what can't be queued waits, visibly, for another catalog. */
export class CommandQueue {
  readonly #options: CommandQueueOptions;
  /** Hashes of customers' content by key, of the catalog in effect. */
  readonly #customerHashes = new Map<string, string>();

  constructor(options: CommandQueueOptions) {
    this.#options = options;
  }

  /** Another catalog is in effect. */
  forgetCatalog(): void {
    this.#customerHashes.clear();
  }

  /** Posts a document for the first time. Each key comes once: numbers and journals' ordinals are given once. */
  post(toPost: DocumentToPost, head: PostingHead): void {
    const { book } = this.#options;
    const content = book.append(toPost);
    const number = book.add({ ...newPosting(toPost, head), content });
    this.#submit(number, toPost);
  }

  /** Queues a customer where the connection has not been told of it, or not as it is now. */
  alignCustomer(connection: string, key: string, customer: PostedCustomer, day: string): void {
    const { book } = this.#options;
    const contentHash = this.#customerHash(key, customer);
    const known = book.numberOf(connection, key);
    if (known !== undefined && book.at(known).contentHash === contentHash) return;
    const { legalEntity, currency, paymentDays } = customer;
    const toPost: DocumentToPost = {
      connection,
      key,
      orderKey: key,
      after: [],
      day,
      paymentDays,
      document: customer,
    };
    const content = book.append(toPost);
    if (known === undefined) {
      const head = { legalEntity, currency, customer: customer.customer, account: "" };
      const posting = newPosting(toPost, { ...head, dueDate: undefined, amount: undefined });
      this.#submit(book.add({ ...posting, content, contentHash }), toPost);
      return;
    }
    book.change(known, (posting) => {
      // A revision that was never queued is the one that this content is of.
      if (posting.state !== "waiting") posting.revision += 1;
      posting.content = content;
      posting.contentHash = contentHash;
      posting.day = day;
    });
    this.#submit(known, toPost);
  }

  /** Another catalog is in effect: queues what waits for it where the mapping is complete, or has changed. */
  retry(number: number, stored: Pick<PartitionStore, "row">): void {
    const { book } = this.#options;
    const { state, reason, content, references } = book.at(number);
    const toPost = requireContent(stored, content);
    if (state === "waiting") {
      this.#submit(number, toPost);
      return;
    }
    // Parked by the ERP: sent again where what was sent is not what the mapping says now.
    if (reason !== "mapping") return;
    const resolution = this.#resolve(toPost);
    if ("waits" in resolution || referencesHash(resolution.references) === references) return;
    this.#queueAgain(number, toPost, resolution.references);
  }

  /**
   * An operator has a document queued once more, by the mapping as it is now. Nothing is done about one that is under way
   * or that the ERP has, whatever the request was decided by.
   */
  again(number: number, stored: Pick<PartitionStore, "row">): void {
    const { state, content } = this.#options.book.at(number);
    if (POSTED.has(state) || UNDER_WAY.has(state)) return;
    const toPost = requireContent(stored, content);
    if (state === "waiting") {
      this.#submit(number, toPost);
      return;
    }
    const resolution = this.#resolve(toPost);
    if ("references" in resolution) this.#queueAgain(number, toPost, resolution.references);
  }

  /** What the mapping lacks of a posting by the catalog in effect, for people. */
  missingOf(number: number, stored: Pick<PartitionStore, "row">): readonly string[] | undefined {
    const toPost = storedContent(stored, this.#options.book.at(number).content);
    if (toPost === undefined) return undefined;
    const resolution = this.#resolve(toPost);
    return "waits" in resolution ? [resolution.waits, ...resolution.missing] : [];
  }

  #queueAgain(number: number, toPost: DocumentToPost, references: MappedReferences): void {
    this.#options.book.change(number, (posting) => {
      posting.revision += 1;
    });
    this.#queue(number, toPost, references);
  }

  #submit(number: number, toPost: DocumentToPost): void {
    const resolution = this.#resolve(toPost);
    if ("references" in resolution) this.#queue(number, toPost, resolution.references);
    else this.#wait(number, toPost, resolution.waits, resolution.missing);
  }

  #queue(number: number, toPost: DocumentToPost, references: MappedReferences): void {
    const { book, journal, partition, catalog } = this.#options;
    book.change(number, (posting) => {
      posting.state = "planned";
      posting.reason = undefined;
      posting.code = undefined;
      posting.message = undefined;
      posting.missing = [];
      posting.references = referencesHash(references);
    });
    const { revision } = book.at(number);
    const catalogVersion = catalog()?.version ?? "";
    journal.command(postingCommand(toPost, { partition, revision, catalogVersion }, references));
  }

  #wait(number: number, toPost: DocumentToPost, reason: WaitingReason, missing: readonly string[]): void {
    const { book, journal } = this.#options;
    const before = book.at(number);
    // Whoever looks at the first exception looks at the posting: one is enough, and its id must be the only one.
    const isKnown = before.state === "waiting" && before.reason !== undefined;
    book.change(number, (posting) => {
      posting.state = "waiting";
      posting.reason = reason;
      posting.missing = missing;
    });
    if (isKnown) return;
    const { connection, key, document, day } = toPost;
    const { revision, customer, account } = before;
    journal.exception({
      id: `${reason}-${connection}-${key}-${revision}-${before.content}`,
      stage: "posting",
      reason,
      sinceMs: Date.parse(`${day}T00:00:00Z`),
      details: JSON.stringify({
        connection,
        key,
        ...("document" in document ? { document: document.document } : {}),
        ...(account === "" ? {} : { account }),
        ...(customer === "" ? {} : { customer }),
        missing: missing.slice(0, MAX_LISTED_KEYS),
        missingCount: missing.length,
      }),
    });
  }

  #resolve({ connection: key, document, paymentDays, day }: DocumentToPost): Resolution {
    const { descriptions, catalog } = this.#options;
    const connection = catalog()?.posting.connection(key);
    const description = connection === undefined ? undefined : descriptions.get(connection.adapter);
    if (connection === undefined || description === undefined)
      return { waits: "adapter-unknown", missing: [`adapter ${connection?.adapter ?? ""}`] };
    const { kind } = document;
    if (!description.kinds.includes(kind))
      return { waits: "kind-unsupported", missing: [`${description.title} takes no ${kind}`] };
    const resolved = resolveMapping(connection, description, kind, mappingKeys(document, paymentDays), day);
    if ("references" in resolved) return resolved;
    return { waits: "mapping-missing", missing: resolved.missing.map(missingText) };
  }

  #customerHash(key: string, customer: PostedCustomer): string {
    let hash = this.#customerHashes.get(key);
    if (hash === undefined) this.#customerHashes.set(key, (hash = canonicalHash(customer)));
    return hash;
  }
}

/** Enough to tell whether a mapping's values are others than before: nobody chooses them to look the same. */
const REFERENCES_HASH_LENGTH = 16;

function referencesHash(references: MappedReferences): string {
  return canonicalHash(references).slice(0, REFERENCES_HASH_LENGTH);
}

function requireContent(stored: Pick<PartitionStore, "row">, content: number): DocumentToPost {
  const toPost = storedContent(stored, content);
  if (toPost === undefined) throw new RangeError(`document ${content} of those to be posted is not stored`);
  return toPost;
}

function newPosting({ connection, key, day, document }: DocumentToPost, head: PostingHead): Posting {
  return {
    connection,
    key,
    kind: document.kind,
    ...head,
    day,
    content: 0,
    contentHash: "",
    revision: 1,
    state: "waiting",
    reason: undefined,
    code: undefined,
    message: undefined,
    missing: [],
    references: "",
    erp: undefined,
    payment: undefined,
    dunning: undefined,
    posting: 0,
  };
}
