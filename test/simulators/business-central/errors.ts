import { randomUUID } from "node:crypto";

/** What Business Central answers where it refuses: a code of its own, and a text that ends with a correlation id. */
export class BusinessCentralError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  get body(): object {
    return { error: { code: this.code, message: `${this.message}  CorrelationId:  ${randomUUID()}.` } };
  }
}

export function badRequest(message: string): BusinessCentralError {
  return new BusinessCentralError(400, "BadRequest", message);
}

export function unknownProperty(name: string, type: string): BusinessCentralError {
  return badRequest(
    `The property '${name}' does not exist on type 'Microsoft.NAV.${type}'. Make sure to only use property names that are defined by the type.`,
  );
}

export function readOnly(name: string): BusinessCentralError {
  return new BusinessCentralError(400, "BadRequest_InvalidOperation", `Control '${name}' is read-only.`);
}

/** An error of the application's own logic. */
export function dialog(message: string): BusinessCentralError {
  return new BusinessCentralError(400, "Application_DialogException", message);
}

export function fieldValidation(message: string): BusinessCentralError {
  return new BusinessCentralError(400, "Application_FieldValidationException", message);
}

export function invalidRelation(
  field: string,
  table: string,
  value: string,
  related: string,
): BusinessCentralError {
  return new BusinessCentralError(
    400,
    "Internal_InvalidTableRelation",
    `The field ${field} of table ${table} contains a value (${value}) that cannot be found in the related table (${related}).`,
  );
}

export function recordNotFound(what: string): BusinessCentralError {
  return new BusinessCentralError(404, "Internal_RecordNotFound", `The ${what} does not exist.`);
}

export function sameKey(what: string, key: string): BusinessCentralError {
  return new BusinessCentralError(
    400,
    "Internal_EntityWithSameKeyExists",
    `The ${what} already exists. Identification fields and values: ${key}`,
  );
}

export function entityChanged(): BusinessCentralError {
  return new BusinessCentralError(
    409,
    "Request_EntityChanged",
    "Another user has already changed the record.",
  );
}

export function notAuthenticated(): BusinessCentralError {
  return new BusinessCentralError(
    401,
    "Authentication_InvalidCredentials",
    "The server has rejected the client credentials.",
  );
}

export function noPermission(set: string): BusinessCentralError {
  return new BusinessCentralError(
    403,
    "Authorization_RequestDenied",
    `Sorry, the current permissions prevented the action. (${set})`,
  );
}

export function tooManyRequests(message: string, retryAfterSeconds?: number): BusinessCentralError {
  return new BusinessCentralError(
    429,
    "Application_TooManyRequests",
    message,
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
  );
}

export function serverError(status: number): BusinessCentralError {
  return new BusinessCentralError(status, "Internal_ServerError", "An error occurred.");
}
