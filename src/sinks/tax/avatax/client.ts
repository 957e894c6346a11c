import { parseDecimal } from "../../../model/decimal.ts";
import { TributaryError } from "../../../model/errors.ts";
import {
  TAX_RECORD_VOID,
  type DocumentTaxRequest,
  type TaxAnswer,
  type TaxCommitAnswer,
  type TaxService,
  type TaxTransaction,
} from "../../../model/tax-service.ts";
import { type ExactJson, readExactJson, writeExactJson } from "../../http/exact-json.ts";
import { ServiceClient, type ServiceClientOptions, type ServiceReply } from "../../http/service-client.ts";
import { ServiceFailure } from "../../http/service-failure.ts";
import {
  answerOfTransaction,
  canBeVoided,
  statusOfTransaction,
  totalTaxOfTransaction,
} from "./create-reply.ts";
import { createTransactionBody, transactionOf, transactionPath } from "./create-request.ts";
import { errorOfReply, type ServiceError } from "./error-reply.ts";

export interface AvataxOptions extends Omit<ServiceClientOptions, "name" | "headers"> {
  readonly accountId: string;
  readonly licenseKey: string;
  /** Version of this program and name of this worker: AvaTax shows them to its support. */
  readonly version: string;
  readonly workerName: string;
}

/** What a reply says: a body, or an error. */
type Said = { readonly body: unknown } | { readonly error: ServiceError };

/** Taxes by AvaTax (REST v2). See docs/tax.md for what is assumed of it. */
export class AvataxClient implements TaxService {
  readonly #client: ServiceClient;

  constructor({ accountId, licenseKey, version, workerName, ...options }: AvataxOptions) {
    const credentials = Buffer.from(`${accountId}:${licenseKey}`, "utf8").toString("base64");
    this.#client = new ServiceClient({
      ...options,
      name: "AvaTax",
      headers: {
        authorization: `Basic ${credentials}`,
        "x-avalara-client": `Tributary; ${version}; REST; v2; ${workerName}`,
      },
    });
  }

  /**
   * Also the answer of an attempt that was lost is found: the same record is written again, until it is committed. What
   * takes a document back whole needs no record where the document's can be voided: it can't where it was reported.
   */
  async tax(request: DocumentTaxRequest): Promise<TaxAnswer> {
    const { reverses } = request;
    if (reverses?.isWhole === true) {
      const found = await this.#read(reverses.transaction);
      if ("body" in found && canBeVoided(found.body))
        return { kind: "voidable", transaction: { ...reverses.transaction, action: "void" } };
    }
    const said = await this.#ask({
      operation: "create",
      method: "POST",
      path: "/api/v2/transactions/create?$include=Details",
      body: writeExactJson(createTransactionBody(request)),
    });
    if ("error" in said) return { kind: "refused", ...said.error };
    return answerOfTransaction(said.body, transactionOf(request), request.currency);
  }

  /** A refusal may say that the record is committed already (an answer was lost): so it is looked at before it counts. */
  async commit(transaction: TaxTransaction, tax: string): Promise<TaxCommitAnswer> {
    const said = await this.#change("commit", transaction, { commit: true });
    if ("body" in said && statusOfTransaction(said.body) === COMMITTED) return committedAs(said.body, tax);
    const found = await this.#read(transaction);
    const status = "body" in found ? statusOfTransaction(found.body) : undefined;
    if ("body" in found && status === COMMITTED) return committedAs(found.body, tax);
    if (status === CANCELLED)
      return { kind: "refused", code: TAX_RECORD_VOID, message: "the transaction has been voided" };
    return refusalIn(said, "NotCommitted");
  }

  /** As with `commit`, a refusal may say that it is void already. */
  async void(transaction: TaxTransaction): Promise<TaxCommitAnswer> {
    const said = await this.#change("void", transaction, { code: "DocVoided" });
    if ("body" in said && statusOfTransaction(said.body) === CANCELLED) return { kind: "voided" };
    const found = await this.#read(transaction);
    if ("body" in found && statusOfTransaction(found.body) === CANCELLED) return { kind: "voided" };
    return refusalIn(said, "NotVoided");
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #read(transaction: TaxTransaction): Promise<Said> {
    const path = `${transactionPath(transaction)}?${typeQuery(transaction)}`;
    return await this.#ask({ operation: "read", method: "GET", path });
  }

  async #change(operation: "commit" | "void", transaction: TaxTransaction, body: ExactJson): Promise<Said> {
    return await this.#ask({
      operation,
      method: "POST",
      path: `${transactionPath(transaction)}/${operation}?${typeQuery(transaction)}`,
      body: writeExactJson(body),
    });
  }

  async #ask(request: Parameters<ServiceClient["send"]>[0]): Promise<Said> {
    try {
      return saidIn(await this.#client.send(request));
    } catch (fault) {
      if (!(fault instanceof ServiceFailure)) throw fault;
      const { message, retryInMs } = fault;
      throw new TributaryError("tax-service-failed", message, {
        details: { operation: request.operation, ...(retryInMs === undefined ? {} : { retryInMs }) },
        cause: fault,
      });
    }
  }
}

const COMMITTED = "Committed";
const CANCELLED = "Cancelled";

function typeQuery({ type }: TaxTransaction): string {
  return `documentType=${encodeURIComponent(type)}`;
}

function refusalIn(said: Said, code: string): TaxCommitAnswer {
  if ("error" in said) return { kind: "refused", ...said.error };
  const status = statusOfTransaction(said.body) ?? "unknown";
  return { kind: "refused", code, message: `the transaction's status is ${status}` };
}

/** A question that was given up may have come late and replaced the record: then it is not what the document says. */
function committedAs(body: unknown, tax: string): TaxCommitAnswer {
  const recorded = totalTaxOfTransaction(body);
  if (recorded !== undefined && isSameDecimal(recorded, tax)) return { kind: "committed" };
  const message = `the committed record has a tax of ${recorded ?? "unknown"}, the document of ${tax}`;
  return { kind: "refused", code: "TaxDiffers", message };
}

function isSameDecimal(one: string, other: string): boolean {
  const [a, b] = [parseDecimal(one), parseDecimal(other)];
  return a !== undefined && a.coefficient === b?.coefficient && a.scale === b.scale;
}

function saidIn({ status, text }: ServiceReply): Said {
  let body: unknown;
  try {
    body = readExactJson(text);
  } catch {
    throw new ServiceFailure("failed", `AvaTax answered HTTP ${status} with what is no JSON`);
  }
  if (status < 300) return { body };
  const error = errorOfReply(body);
  if (error === undefined)
    throw new ServiceFailure("failed", `AvaTax answered HTTP ${status} without saying why`);
  return { error };
}
