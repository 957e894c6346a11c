/** NetSuite's errors: one form for all, as its help says ("Error Handling in REST Web Services"). */

export interface ErrorDetail {
  readonly detail: string;
  readonly code: string;
  /** Where in the body: `item.items[0].item`. */
  readonly path?: string;
  readonly queryParameter?: string;
  readonly header?: string;
  readonly url?: string;
}

export class NetSuiteError extends Error {
  readonly status: number;
  readonly details: readonly ErrorDetail[];
  readonly headers: Readonly<Record<string, string>>;
  readonly title: string | undefined;

  constructor(
    status: number,
    details: readonly ErrorDetail[],
    options: { readonly headers?: Readonly<Record<string, string>>; readonly title?: string } = {},
  ) {
    super(details.map(({ detail }) => detail).join(" "));
    this.name = "NetSuiteError";
    this.status = status;
    this.details = details;
    this.headers = options.headers ?? {};
    this.title = options.title;
  }
}

const TITLES: Readonly<Record<number, readonly [title: string, section: string]>> = {
  400: ["Bad Request", "#sec10.4.1"],
  401: ["Unauthorized", "#sec10.4.2"],
  404: ["Not Found", "#sec10.4.5"],
  405: ["Method Not Allowed", "#sec10.4.6"],
  406: ["Not Acceptable", "#sec10.4.7"],
  413: ["Request Entity Too Large", "#sec10.4.14"],
  415: ["Unsupported Media Type", "#sec10.4.16"],
  // The title of a throttled request really is that of a bad one.
  429: ["Bad Request", "#sec10.4.1"],
};
const SYSTEM_ERROR = ["Internal Server Error", "#sec10.5.1"] as const;

export function errorBody(error: NetSuiteError): object {
  const [title, section] = TITLES[error.status] ?? SYSTEM_ERROR;
  return {
    type: `https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html${section}`,
    title: error.title ?? title,
    status: error.status,
    "o:errorDetails": error.details.map(({ detail, code, path, queryParameter, header, url }) => ({
      detail,
      ...(path === undefined ? {} : { "o:errorPath": path }),
      ...(queryParameter === undefined ? {} : { "o:errorQueryParam": queryParameter }),
      ...(header === undefined ? {} : { "o:errorHeader": header }),
      ...(url === undefined ? {} : { "o:errorUrl": url }),
      "o:errorCode": code,
    })),
  };
}

const PREFIX = "Error while accessing a resource.";

/** A value that can't be in the body: of the wrong kind, too long, not in the list. */
export function invalidContent(detail: string, path: string): NetSuiteError {
  return new NetSuiteError(400, [{ detail: `${PREFIX} ${detail}`, code: "INVALID_CONTENT", path }]);
}

/** A reference to what does not exist, is inactive, or can't be used in this place. */
export function invalidReference(value: string, field: string, path: string): NetSuiteError {
  const detail = `Error while accessing resource: You have entered an Invalid Field Value ${value} for the following field: ${field}`;
  return new NetSuiteError(400, [{ detail, code: "INVALID_CONTENT", path }]);
}

/** A rule of the business is broken. */
export function userError(detail: string, path?: string): NetSuiteError {
  return new NetSuiteError(400, [
    { detail: `${PREFIX} ${detail}`, code: "USER_ERROR", ...(path === undefined ? {} : { path }) },
  ]);
}

export function mustEnter(label: string, path: string): NetSuiteError {
  return userError(`You must enter a value for ${label}.`, path);
}

/** One text for every way in which a login fails: the reason stands in the login audit trail only. */
export function invalidLogin(): NetSuiteError {
  const detail =
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles > User Management > View Login Audit Trail.";
  return new NetSuiteError(401, [{ detail, code: "INVALID_LOGIN" }]);
}

export function noSuchInstance(url: string): NetSuiteError {
  const detail = "The record instance does not exist. Provide a valid record instance ID.";
  return new NetSuiteError(404, [{ detail, code: "NONEXISTENT_ID", url }]);
}

export function invalidParameter(name: string, detail: string): NetSuiteError {
  return new NetSuiteError(400, [{ detail, code: "INVALID_PARAMETER", queryParameter: name }]);
}

export function invalidHeader(name: string, detail: string, status = 400): NetSuiteError {
  return new NetSuiteError(status, [{ detail, code: "INVALID_HEADER", header: name }]);
}

export function insufficientPermission(permission: string): NetSuiteError {
  const detail = `Permission Violation: You need the '${permission}' permission to access this page. Please contact your account administrator.`;
  return new NetSuiteError(400, [{ detail, code: "INSUFFICIENT_PERMISSION" }]);
}

export function concurrencyExceeded(): NetSuiteError {
  const detail = "Concurrent request limit exceeded. Request blocked.";
  return new NetSuiteError(429, [{ detail, code: "CONCURRENCY_LIMIT_EXCEEDED" }]);
}

export function unexpectedError(status: number): NetSuiteError {
  const detail = "An unexpected error occurred. Error ID: simulated";
  return new NetSuiteError(status, [{ detail, code: "UNEXPECTED_ERROR" }]);
}
