/** Errors as the environment tells them: REST as JSON or as plain text, SOAP as a fault with status 500. */

export interface ErrorDetail {
  readonly detail: string;
  readonly code?: string;
  readonly path?: string;
}

export class OracleError extends Error {
  readonly status: number;
  readonly details: readonly ErrorDetail[];
  /** Told as text/plain, as some checks do whatever the version is. */
  readonly isPlain: boolean;

  constructor(status: number, details: readonly ErrorDetail[], isPlain = false) {
    super(details[0]?.detail ?? "error");
    this.name = "OracleError";
    this.status = status;
    this.details = details;
    this.isPlain = isPlain;
  }
}

export function refused(detail: string, code?: string, path?: string): OracleError {
  return new OracleError(400, [
    { detail, ...(code !== undefined && { code }), ...(path !== undefined && { path }) },
  ]);
}

/** A check whose text has no code. */
export function refusedPlainly(detail: string): OracleError {
  return new OracleError(400, [{ detail }], true);
}

export function notFound(): OracleError {
  return new OracleError(404, [{ detail: "The requested item was not found." }]);
}

export function unauthorized(): OracleError {
  return new OracleError(401, [{ detail: "Unauthorized" }], true);
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  412: "Precondition Failed",
  429: "Too Many Requests",
};

/** The status is a text in the body. */
export function errorJson({ status, details }: OracleError): object {
  return {
    title: TITLES[status] ?? "Server Error",
    status: String(status),
    "o:errorDetails": details.map(({ detail, code, path }) => ({
      detail,
      ...(code !== undefined && { "o:errorCode": code }),
      ...(path !== undefined && { "o:errorPath": path }),
    })),
  };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

export function faultXml({ details }: OracleError): string {
  const [first] = details;
  const said = escaped(`<MESSAGE><TEXT>${first?.detail ?? ""}</TEXT></MESSAGE>`);
  return (
    '<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>' +
    `<env:Fault><faultcode>env:Server</faultcode><faultstring>${said}</faultstring><detail>` +
    '<tns:ServiceErrorMessage xmlns:tns="http://xmlns.oracle.com/adf/svc/errors/">' +
    (first?.code === undefined ? "" : `<tns:code>${first.code}</tns:code>`) +
    `<tns:severity>SEVERITY_ERROR</tns:severity><tns:message>${said}</tns:message>` +
    "</tns:ServiceErrorMessage></detail></env:Fault></env:Body></env:Envelope>"
  );
}
