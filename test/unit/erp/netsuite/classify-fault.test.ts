import { describe, expect, it } from "vitest";
import type { ErpFaultKind } from "../../../../src/model/posting.ts";
import { faultOfReply } from "../../../../src/sinks/erp/netsuite/classify-fault.ts";

function body(status: number, code: string, detail: string, path?: string): string {
  return JSON.stringify({
    type: "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4.1",
    title: "Bad Request",
    status,
    "o:errorDetails": [
      {
        detail,
        ...(path !== undefined && { "o:errorPath": path }),
        ...(code !== "" && { "o:errorCode": code }),
      },
    ],
  });
}

const PREFIX = "Error while accessing a resource.";
const CASES: [ErpFaultKind, number, string, string, string?][] = [
  ["authentication", 401, "INVALID_LOGIN", "Invalid login attempt."],
  ["authentication", 401, "", "Unauthorized"],
  ["throttle", 429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."],
  ["throttle", 400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request limit exceeded."],
  ["throttle", 400, "WS_REQUEST_BLOCKED", "blocked"],
  ["throttle", 400, "", "Concurrent request limit exceeded. Request blocked."],
  ["duplicate", 400, "USER_ERROR", "This entity already exists."],
  ["duplicate", 400, "USER_ERROR", `${PREFIX} This record already exists`],
  ["duplicate", 400, "DUP_RCRD", "A record with this value exists"],
  ["duplicate", 400, "IDEMPOTENCY_ERROR", "A request with the same idempotency key is already submitted."],
  ["period-closed", 400, "USER_ERROR", `${PREFIX} You cannot post to a closed period.`],
  ["period-closed", 400, "USER_ERROR", "The posting period Jun 2026 is locked"],
  ["period-closed", 400, "USER_ERROR", "Transaction date is in a closed accounting period"],
  ["mapping", 400, "INVALID_CONTENT", `${PREFIX} Invalid value`, "item.items[0].item"],
  ["mapping", 400, "INVALID_CONTENT", `${PREFIX} Invalid value`, "taxDetails.items[12].taxCode.id"],
  ["mapping", 400, "INVALID_CONTENT", "Invalid value for the resource or sub-resource field 'subsidiary'."],
  ["mapping", 400, "INVALID_KEY_OR_REF", "Invalid item reference key 86 for subsidiary 1."],
  ["mapping", 400, "USER_ERROR", `${PREFIX} Please enter a value for Department`],
  ["mapping", 400, "USER_ERROR", "You must enter a value for Location."],
  ["mapping", 404, "NONEXISTENT_ID", "The record instance does not exist."],
  ["validation", 400, "INVALID_CONTENT", `${PREFIX} Invalid value`, "item.items[0].quantity"],
  ["validation", 400, "USER_ERROR", "Please balance the transaction: the debits and credits differ."],
  ["validation", 415, "INVALID_HEADER", "The content type is not supported."],
  ["permission", 400, "INSUFFICIENT_PERMISSION", "You need the 'Invoice' permission."],
  ["permission", 403, "", "Forbidden"],
  ["version-conflict", 400, "RCRD_HAS_BEEN_CHANGED", "Record has been changed"],
  ["version-conflict", 409, "USER_ERROR", "Record has been changed by another user"],
  ["unknown", 500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: x"],
];

describe("what a refusal means", () => {
  it.each<[ErpFaultKind, number, string, string, string?]>(CASES)(
    "%s: %i %s %s",
    (kind, status, code, detail, path) => {
      const fault = faultOfReply(
        { status, text: body(status, code, detail, path), retryAfterMs: undefined },
        "write",
      );
      expect(fault.kind).toBe(kind);
      expect(fault.code).toBe(code === "" ? null : code);
      expect(fault.message).toContain(detail);
    },
  );

  it.each<[ErpFaultKind, ErpFaultKind, number]>([
    ["unknown", "transient", 500],
    ["unknown", "transient", 502],
    ["transient", "transient", 503],
    ["unknown", "transient", 504],
    ["unknown", "transient", 408],
    ["throttle", "throttle", 429],
    ["transient", "transient", 302],
    ["transient", "transient", 404],
    ["validation", "validation", 400],
  ])("%s of a write, %s of a read: HTTP %i with another's page", (ofWrite, ofRead, status) => {
    const reply = { status, text: "<html>Bad Gateway</html>", retryAfterMs: undefined };
    expect(faultOfReply(reply, "write").kind).toBe(ofWrite);
    expect(faultOfReply(reply, "read").kind).toBe(ofRead);
  });

  it("counts all that is said, not only what is said first", () => {
    const text = JSON.stringify({
      "o:errorDetails": [
        { detail: "Something failed.", "o:errorCode": "USER_ERROR" },
        { detail: "Concurrent request limit exceeded.", "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED" },
      ],
    });
    expect(faultOfReply({ status: 400, text, retryAfterMs: undefined }, "write").kind).toBe("throttle");
  });

  it("names the field, keeps messages short, and waits as long as it is told", () => {
    const text = body(400, "INVALID_CONTENT", "x".repeat(10_000), "item.items[3].amount");
    const fault = faultOfReply({ status: 400, text, retryAfterMs: 7_000 }, "write");
    expect(fault.message.length).toBeLessThanOrEqual(500);
    expect(fault.message).toContain("(item.items[3].amount)");
    expect(fault.retryAfterMs).toBe(7_000);
  });
});
