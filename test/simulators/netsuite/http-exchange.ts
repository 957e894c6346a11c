import type { IncomingHttpHeaders } from "node:http";
import type { JsonAnswer } from "../common/http-messages.ts";
import { parseJson } from "../exact-numbers.ts";
import { invalidContent, invalidHeader, invalidParameter, NetSuiteError } from "./errors.ts";
import type { NameValidation } from "./body-check.ts";

/** A request to the REST API, and what is answered. */
export interface ApiRequest {
  readonly method: string;
  /** `http://127.0.0.1:1234/services/rest`: what links and locations begin with. */
  readonly baseUrl: string;
  /** Behind the base, in its parts, decoded. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answer = JsonAnswer;

export const COLLECTION_TYPE = "application/vnd.oracle.resource+json; type=collection";

export function headerOf(request: ApiRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

export function isAsynchronous(request: ApiRequest): boolean {
  return /(^|[,;\s])respond-async($|[,;\s])/.test(headerOf(request, "prefer") ?? "");
}

/** Whether the body is a collection of records. Throws where it is not JSON of some kind. */
export function isCollection(request: ApiRequest): boolean {
  const type = (headerOf(request, "content-type") ?? "").toLowerCase().replaceAll(/\s/g, "");
  if (type === COLLECTION_TYPE.replaceAll(/\s/g, "")) return true;
  const [media] = type.split(";");
  if (media !== "application/json" && media !== "application/vnd.oracle.resource+json")
    throw invalidHeader("Content-Type", `The content type '${type}' is not supported.`, 415);
  return false;
}

/** Throws where the client does not take what is answered. */
export function checkAccept(request: ApiRequest): void {
  const accept = headerOf(request, "accept");
  if (accept !== undefined && !/\*\/\*|application\/(\*|json|vnd\.oracle\.resource\+json)/.test(accept))
    throw invalidHeader("Accept", `The media type '${accept}' is not supported.`, 406);
}

export function bodyOf(request: ApiRequest): unknown {
  try {
    return parseJson(request.body);
  } catch {
    throw invalidContent("Invalid content in the request body: it is not JSON.", "");
  }
}

/** The two headers that say how strict names and values are taken; Error unless said otherwise. */
export function nameValidation(request: ApiRequest): NameValidation {
  let names: NameValidation = "Error";
  for (const header of ["X-NetSuite-PropertyNameValidation", "X-NetSuite-PropertyValueValidation"]) {
    const given = headerOf(request, header.toLowerCase());
    if (given === undefined) continue;
    if (given !== "Error" && given !== "Warning" && given !== "Ignore")
      throw invalidHeader(header, `Invalid value '${given}' of the header ${header}.`);
    if (header === "X-NetSuite-PropertyNameValidation") names = given;
  }
  return names;
}

export function checkParameters(request: ApiRequest, allowed: readonly string[]): void {
  for (const name of request.query.keys())
    if (!allowed.includes(name))
      throw invalidParameter(
        name,
        `Invalid query parameter name '${name}'. Allowed query parameter names are: ${allowed.join(", ")}.`,
      );
}

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** Pages have at most so many items. */
const MAX_LIMIT = 1_000;

export function pageOf(request: ApiRequest): Page {
  const limit = wholeNumber(request, "limit", MAX_LIMIT);
  const offset = wholeNumber(request, "offset", 0);
  if (limit < 1 || limit > MAX_LIMIT)
    throw invalidParameter("limit", `The limit must be between 1 and ${MAX_LIMIT}.`);
  if (offset % limit !== 0) throw invalidParameter("offset", "The offset must be divisible by the limit.");
  return { limit, offset };
}

function wholeNumber(request: ApiRequest, name: string, otherwise: number): number {
  const text = request.query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw invalidParameter(name, `Invalid value '${text}' of ${name}.`);
  return Number(text);
}

export function methodNotAllowed(method: string): NetSuiteError {
  return new NetSuiteError(405, [
    { detail: `The method ${method} is not allowed for this resource.`, code: "METHOD_NOT_ALLOWED" },
  ]);
}
