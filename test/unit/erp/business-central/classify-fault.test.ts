import { expect, it } from "vitest";
import type { ErpFaultKind } from "../../../../src/model/posting.ts";
import { faultOfReply } from "../../../../src/sinks/erp/business-central/classify-fault.ts";

const error = (code: string, message = "something"): unknown => ({ error: { code, message } });
const DIALOG = "Application_DialogException";

it.each<[status: number, body: unknown, write: ErpFaultKind, read: ErpFaultKind]>([
  // Business Central's own codes and texts, as in its list of errors and the source of its pages.
  [
    400,
    error(DIALOG, "Posting Date is not within your range of allowed posting dates."),
    "period-closed",
    "period-closed",
  ],
  [400, error(DIALOG, "The accounting period 2026-06 is closed."), "period-closed", "period-closed"],
  [
    400,
    error("Application_FieldValidationException", "Customer Posting Group must have a value"),
    "mapping",
    "mapping",
  ],
  [400, error("Internal_InvalidTableRelation", "contains a value (X)"), "mapping", "mapping"],
  [400, error("BadRequest_RequiredParamNotProvided", "Field must not be blank"), "mapping", "mapping"],
  [400, error(DIALOG, 'The "currencyCode" does not match to a Currency.'), "mapping", "mapping"],
  [400, error(DIALOG, "The sell-to customer cannot be found."), "mapping", "mapping"],
  [400, error(DIALOG, "Account does not exist."), "mapping", "mapping"],
  [
    400,
    error(DIALOG, "You cannot post this type of document when Customer C is blocked with type All"),
    "mapping",
    "mapping",
  ],
  [400, error("Internal_EntityWithSameKeyExists", "The Customer already exists."), "duplicate", "duplicate"],
  [400, error(DIALOG, "The action can be applied to a draft invoice only."), "duplicate", "duplicate"],
  [400, error(DIALOG, "The action can be applied to a draft credit memo only."), "duplicate", "duplicate"],
  [400, error(DIALOG, "There is nothing to post."), "duplicate", "duplicate"],
  [404, error("Internal_RecordNotFound"), "mapping", "mapping"],
  [404, error("BadRequest_NotFound"), "mapping", "mapping"],
  [404, error("Internal_CompanyNotFound"), "mapping", "mapping"],
  [401, error("Authentication_InvalidCredentials"), "authentication", "authentication"],
  [403, error("Authorization_RequestDenied"), "permission", "permission"],
  [
    400,
    error(DIALOG, "Sorry, the current permissions prevented the action. (TableData 36)"),
    "permission",
    "permission",
  ],
  [
    409,
    error("Request_EntityChanged", "Another user has already changed the record."),
    "version-conflict",
    "version-conflict",
  ],
  [400, error("BadRequest_InvalidToken"), "version-conflict", "version-conflict"],
  [
    400,
    error(
      "Application_FieldValidationException",
      "Open must be equal to 'Yes' in Cust. Ledger Entry: Entry No.=1.",
    ),
    "version-conflict",
    "version-conflict",
  ],
  [
    400,
    error(
      DIALOG,
      "The operation could not complete because a record in the table was locked by another user.",
    ),
    "transient",
    "transient",
  ],
  [429, error("Application_TooManyRequests"), "throttle", "throttle"],
  [503, error("Internal_TenantUnavailable"), "transient", "transient"],
  [408, error("Internal_ServerError"), "unknown", "transient"],
  [504, error("Internal_ServerError"), "unknown", "transient"],
  [500, error("Internal_ServerError", "There is nothing to post."), "unknown", "transient"],
  [
    400,
    error("BadRequest", "The property 'x' does not exist on type 'Microsoft.NAV.salesInvoice'."),
    "validation",
    "validation",
  ],
  [400, error("BadRequest_InvalidOperation", "Control 'number' is read-only."), "validation", "validation"],
  [400, error("Application_StringExceededLength"), "validation", "validation"],
  [400, error(DIALOG, "The total amount for the invoice must be 0 or greater."), "validation", "validation"],
  // Without a word of Business Central.
  [429, undefined, "throttle", "throttle"],
  [503, "<html>", "transient", "transient"],
  [502, "<html>", "unknown", "transient"],
  [401, undefined, "authentication", "authentication"],
  [403, undefined, "permission", "permission"],
  [412, undefined, "version-conflict", "version-conflict"],
  [404, "<html>", "transient", "transient"],
  [302, undefined, "transient", "transient"],
  [400, undefined, "validation", "validation"],
])("HTTP %i %j is %s for a write and %s for a read", (status, body, write, read) => {
  expect(faultOfReply({ status, body, retryAfterMs: undefined }, "write").kind).toBe(write);
  expect(faultOfReply({ status, body, retryAfterMs: undefined }, "read").kind).toBe(read);
});

it("tells Business Central's words without what is another each time, bounded, and its wait", () => {
  const text = `${"x".repeat(600)}  CorrelationId:  0f4a6c52-6b1e-4d58-9a61-1f0e6f3c2b11.`;
  const fault = faultOfReply({ status: 400, body: error("Some_Code", text), retryAfterMs: 7_000 }, "write");
  expect(fault.message.length).toBeLessThan(500);
  expect(fault).toMatchObject({ code: "Some_Code", retryAfterMs: 7_000 });
  const short = faultOfReply(
    {
      status: 400,
      body: error("Some_Code", "No.  CorrelationId:  0f4a6c52-6b1e-4d58-9a61-1f0e6f3c2b11."),
      retryAfterMs: undefined,
    },
    "write",
  );
  expect(short.message).toBe("Business Central: No.");
});
