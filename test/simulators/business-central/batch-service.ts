import { parseJson, renderJson } from "../exact-numbers.ts";
import type { Answer, ApiRequest, ApiService } from "./api-service.ts";
import { isObject } from "./body-check.ts";
import { badRequest, BusinessCentralError } from "./errors.ts";
import type { Store } from "./store.ts";

/** Operations of one batch. */
const MAX_OPERATIONS = 100;
const NAMES: ReadonlySet<string> = new Set(["id", "method", "url", "headers", "body"]);

interface Operation {
  readonly id: string | null;
  readonly request: ApiRequest;
}

/** Undoes a transaction whose answers are given all the same. */
class Rollback extends Error {
  readonly answers: readonly object[];

  constructor(answers: readonly object[]) {
    super("a request of the batch failed");
    this.answers = answers;
  }
}

/**
 * Several requests in one: in their order, until one fails. With the header `Isolation: snapshot` nothing is kept then. How each went is in the body; the answer itself is 200.
 */
export function answerBatch(request: ApiRequest, api: ApiService, store: Store): Answer {
  const operations = operationsOf(request);
  const isolation = request.header("isolation");
  if (isolation !== undefined && isolation !== "snapshot")
    throw badRequest("The isolation is not supported.");
  const responses =
    isolation === undefined ? perform(operations, api).answers : performTogether(operations, api, store);
  return { status: 200, headers: {}, body: { responses } };
}

export function operationCount(request: ApiRequest): number {
  return operationsOf(request).length;
}

function performTogether(operations: readonly Operation[], api: ApiService, store: Store): readonly object[] {
  try {
    return store.transaction(() => {
      const { answers, hasFailed } = perform(operations, api);
      if (hasFailed) throw new Rollback(answers);
      return answers;
    });
  } catch (error) {
    if (error instanceof Rollback) return error.answers;
    throw error;
  }
}

function perform(
  operations: readonly Operation[],
  api: ApiService,
): { readonly answers: readonly object[]; readonly hasFailed: boolean } {
  const answers: object[] = [];
  for (const { id, request } of operations) {
    try {
      answers.push(responseOf(id, api.answer(request)));
    } catch (error) {
      if (!(error instanceof BusinessCentralError)) throw error;
      answers.push(responseOf(id, { status: error.status, headers: error.headers, body: error.body }));
      return { answers, hasFailed: true };
    }
  }
  return { answers, hasFailed: false };
}

function responseOf(id: string | null, { status, headers, body }: Answer): object {
  return {
    id,
    status: { $number: String(status) },
    headers:
      body === undefined
        ? headers
        : { "content-type": "application/json; odata.metadata=minimal", ...headers },
    ...(body !== undefined && { body }),
  };
}

function operationsOf(request: ApiRequest): readonly Operation[] {
  if (!/^application\/json\b/i.test(request.header("content-type") ?? ""))
    throw new BusinessCentralError(415, "BadRequest", "The content type is not supported.");
  let body: unknown;
  try {
    body = parseJson(request.body);
  } catch {
    throw badRequest("Invalid Request Body");
  }
  const requests: unknown = isObject(body) ? body["requests"] : undefined;
  if (!Array.isArray(requests) || requests.length === 0) throw badRequest("Invalid Request Body");
  if (requests.length > MAX_OPERATIONS)
    throw badRequest(`The batch has more than ${MAX_OPERATIONS} operations.`);
  return requests.map((each: unknown) => operationOf(each, request));
}

function operationOf(value: unknown, { base }: ApiRequest): Operation {
  if (!isObject(value)) throw badRequest("Invalid Request Body");
  for (const name of Object.keys(value)) if (!NAMES.has(name)) throw badRequest("Invalid Request Body");
  const { id, method, url, headers, body } = value;
  if (typeof method !== "string" || typeof url !== "string" || url.startsWith("/") || /^https?:/.test(url))
    throw badRequest("Invalid Request Body");
  const given = new Map(
    Object.entries(isObject(headers) ? headers : {}).map(([name, each]) => [
      name.toLowerCase(),
      String(each),
    ]),
  );
  return {
    id: typeof id === "string" ? id : null,
    request: {
      method,
      url,
      base,
      header: (name) => given.get(name),
      body: body === undefined ? "" : renderJson(body),
    },
  };
}
