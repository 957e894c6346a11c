import { isObject } from "./body-check.ts";
import { collectionBody } from "./collection.ts";
import { insufficientPermission, invalidContent, invalidHeader, NetSuiteError } from "./errors.ts";
import {
  bodyOf,
  checkParameters,
  headerOf,
  isCollection,
  methodNotAllowed,
  pageOf,
  type Answer,
  type ApiRequest,
} from "./http-exchange.ts";
import { executeQuery } from "./suiteql/execute.ts";
import { QueryError } from "./suiteql/tokens.ts";
import type { Books } from "./transaction-rules.ts";

/** A role without it sees nothing through queries. */
export const QUERY_PERMISSION = "Reports -> SuiteAnalytics Workbook";
/** The most rows of a query. */
const MAX_RESULTS = 100_000;

/** POST /query/v1/suiteql. */
export function answerQuery(request: ApiRequest, books: Books, revoked: ReadonlySet<string>): Answer {
  if (request.method !== "POST") throw methodNotAllowed(request.method);
  if (!(headerOf(request, "prefer") ?? "").includes("transient"))
    throw invalidHeader(
      "Prefer",
      "The required request header 'Prefer' is missing. The value must be 'transient'.",
    );
  isCollection(request);
  checkParameters(request, ["limit", "offset"]);
  if (revoked.has(QUERY_PERMISSION)) throw insufficientPermission(QUERY_PERMISSION);
  const page = pageOf(request);
  const body = bodyOf(request);
  const query = isObject(body) && Object.keys(body).length === 1 ? body["q"] : undefined;
  if (typeof query !== "string") throw invalidContent("The body must be an object with the property q.", "q");
  try {
    const rows = executeQuery(query, books).slice(0, MAX_RESULTS);
    return {
      status: 200,
      headers: { "content-type": "application/vnd.oracle.resource+json; type=collection" },
      body: collectionBody(
        rows.map((row) => ({ links: [], ...row })),
        page,
        request,
      ),
    };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const detail = `Invalid search query. Detailed unprocessed description follows. Search error occurred: ${error.message}.`;
    throw new NetSuiteError(400, [{ detail, code: "INVALID_PARAMETER", path: "q" }]);
  }
}
