/** A refusal in the service's own form. */
export class FinanceOperationsError extends Error {
  readonly status: number;
  readonly body: object | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    body: object | undefined,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "FinanceOperationsError";
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

const SERVICES = "Microsoft.Dynamics.Platform.Integration.Services.OData";

function withInner(status: number, message: string, type: string): FinanceOperationsError {
  const inner = { message, type, stacktrace: `   at ${SERVICES}.Update.UpdateProcessor.SaveChanges()` };
  return new FinanceOperationsError(
    status,
    { error: { code: "", message: "An error has occurred.", innererror: inner } },
    message,
  );
}

/** What the Infolog says of a row that was not written. */
export function writeFailed(type: string, ...infolog: readonly string[]): FinanceOperationsError {
  const text = infolog.map((line) => `${line}; `).join("");
  const message = `Write failed for table row of type '${type}'. Infolog: ${text}`.trimEnd();
  return withInner(400, message, `${SERVICES}.AxODataWriteException`);
}

export function notInTable(
  type: string,
  value: string,
  field: string,
  table: string,
): FinanceOperationsError {
  return writeFailed(
    type,
    `Warning: The value '${value}' in field '${field}' is not found in the related table '${table}'.`,
  );
}

export function recordExists(type: string, table: string): FinanceOperationsError {
  return writeFailed(type, `Error: Cannot create a record in ${table}.\nThe record already exists.`);
}

/** The body does not fit the entity, before anything was looked at. */
export function malformed(message: string): FinanceOperationsError {
  return withInner(400, message, "Microsoft.OData.ODataException");
}

/** A question that can't be read. */
export function badQuery(message: string): FinanceOperationsError {
  return new FinanceOperationsError(400, { error: { code: "", message } }, message);
}

export function noSegment(segment: string): FinanceOperationsError {
  const message = `Resource not found for the segment '${segment}'.`;
  return new FinanceOperationsError(404, { error: { code: "", message } }, message);
}

export function notFound(): FinanceOperationsError {
  const message = "No HTTP resource was found that matches the request URI.";
  return new FinanceOperationsError(404, { error: { code: "", message } }, message);
}

/** Who asks is not known: the front end says so without a body. */
export function unauthorized(): FinanceOperationsError {
  return new FinanceOperationsError(401, undefined, "unauthorized", {
    "www-authenticate":
      'Bearer authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"',
  });
}

export function accessDenied(entity: string): FinanceOperationsError {
  return withInner(
    403,
    `Access denied: You do not have sufficient privileges to use the data entity ${entity}.`,
    `${SERVICES}.AxODataException`,
  );
}

export function throttled(retryAfterSeconds: number, reason: "resources" | "requests" | "concurrency") {
  const texts = {
    resources: "This request was being throttled due to system experiencing high resource utilization.",
    requests: "Number of requests exceeded the limit of the user over the time window of 300 seconds.",
    concurrency: "Number of concurrent requests exceeded the limit of 52 of the user.",
  };
  const message = texts[reason];
  return new FinanceOperationsError(429, { error: { code: "429", message } }, message, {
    "retry-after": String(retryAfterSeconds),
  });
}

/** A page of the front end: it says nothing of what was done. */
export function frontEndError(status: number): FinanceOperationsError {
  return new FinanceOperationsError(status, undefined, `The service answered with ${status}.`);
}

export function updateConflict(type: string): FinanceOperationsError {
  return writeFailed(
    type,
    "Error: Cannot edit a record. An update conflict occurred due to another user process deleting the record or changing one or more fields in the record.",
  );
}
