import type { StateFile } from "../common/state-file.ts";
import { billDue, releaseToAccounting } from "./billing-job.ts";
import { billingStores, type BillingStores, nextNumber, type StoredRequest } from "./billing-requests.ts";
import { requestDraft } from "./billing-rules.ts";
import { checkRequests } from "./billing-schema.ts";
import { badRequest, notFound, soapFault } from "./errors.ts";
import { type Books, childrenOf, textOf } from "./journal-rules.ts";
import { messageOf, type SoapRequest } from "./soap-envelope.ts";
import type { XmlElement } from "./xml-reader.ts";

/** Billing Document Request – Create, and the jobs behind it. A message is taken without a word; what becomes of it is seen by reading. */

export const REQUEST_SERVICE = "bdr_request_in";
export const REQUEST_PATH = `/sap/bc/srt/scs_ext/sap/${REQUEST_SERVICE}`;
const OPERATION = {
  action: "http://sap.com/xi/SD-BIL/BDR_Request_In/BDR_Request_InRequest",
  name: "BDRRequest",
  namespace: "http://sap.com/xi/SD-BIL",
};
const FIRST_REQUEST = 80_000_000n;

export interface BillingOptions {
  /** Between a request and its billing document. */
  readonly billingDelayMs: number;
  readonly nowMs: () => number;
}

export class Billing {
  readonly stores: BillingStores;
  /** What was refused, as an administrator sees it; never a sender. */
  readonly messageLog: string[] = [];
  /** The job doesn't run. */
  isPaused = false;
  readonly #books: Books;
  readonly #options: BillingOptions;
  readonly #messageIds = new Set<string>();
  #inbox: { readonly document: XmlElement; readonly logicalSystem: string }[] = [];

  constructor(books: Books, options: BillingOptions, stateFile: StateFile | undefined) {
    this.#books = books;
    this.#options = options;
    this.stores = billingStores(stateFile);
  }

  /** Takes a message. Throws a SOAP fault for one whose form is wrong. */
  receive(request: SoapRequest): void {
    const message = messageOf(request, OPERATION);
    checkRequests(message);
    const id = textOf(message, "MessageHeader", "ID");
    if (this.#messageIds.has(id)) {
      this.messageLog.push(`Message ${id} was processed already`);
      return;
    }
    if (id !== "") this.#messageIds.add(id);
    const documents = childrenOf(message, "BillableDocument");
    if (documents.length === 0) throw soapFault("The message has no billable document");
    const logicalSystem = textOf(message, "GlobalParameters", "ReferenceDocumentLogicalSystem");
    this.#inbox.push(...documents.map((document) => ({ document, logicalSystem })));
  }

  /** What is due by now is done. */
  settle(): void {
    const nowMs = this.#options.nowMs();
    this.#takeInbox(nowMs);
    this.#run(nowMs - this.#options.billingDelayMs);
  }

  /** All that waits is done. */
  runJobs(): void {
    this.#takeInbox(this.#options.nowMs());
    this.#run(Number.POSITIVE_INFINITY);
  }

  /** Function import Reject. */
  reject(number: string): void {
    const request = this.stores.requests.find(number);
    if (request === undefined) throw notFound(`Billing document request ${number} does not exist`);
    if (request.status !== "A")
      throw badRequest(`Billing document request ${number} was processed already`, "SDBIL/021");
    this.stores.requests.save({ ...request, status: "D" });
  }

  request(reference: string): StoredRequest | undefined {
    return this.stores.requests.all().findLast((each) => each.reference === reference);
  }

  #takeInbox(nowMs: number): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const { document, logicalSystem } of inbox) {
      const { requests } = this.stores;
      const result = requestDraft(document, logicalSystem, this.#books, this.stores);
      if ("draft" in result)
        requests.save({
          ...result.draft,
          number: nextNumber(FIRST_REQUEST, requests.size),
          createdMs: nowMs,
        });
      else this.messageLog.push(...result);
    }
  }

  #run(untilMs: number): void {
    if (this.isPaused) return;
    billDue(this.stores, this.#books, untilMs);
    releaseToAccounting(this.stores, this.#books);
  }
}
