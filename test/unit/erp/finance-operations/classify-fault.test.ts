import { describe, expect, it } from "vitest";
import type { ErpFaultKind } from "../../../../src/model/posting.ts";
import { faultOfReply } from "../../../../src/sinks/erp/finance-operations/classify-fault.ts";

const SERVICE = "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException";

function body(message: string, type = SERVICE): string {
  const innererror = { message, type, stacktrace: "   at Microsoft.Dynamics.Platform" };
  return JSON.stringify({ error: { code: "", message: "An error has occurred.", innererror } });
}

const write = (infolog: string): string =>
  body(`Write failed for table row of type 'CustCustomerV3Entity'. Infolog: ${infolog}`);

/** Texts as they were met, but for those of periods, whose wording is not documented. */
const CASES: readonly (readonly [ErpFaultKind, number, string])[] = [
  [
    "duplicate",
    400,
    "Info: Cannot create a record in Customer groups (CustGroup). Customer group: B.\nThe record already exists..",
  ],
  [
    "mapping",
    400,
    "Warning: The value 'Local' in field 'Customer group' is not found in the related table 'Customer groups'.; ",
  ],
  ["mapping", 400, "Error: Field 'Customer group' must be filled in.; "],
  ["mapping", 400, "Error: Main account 401100 is suspended.; "],
  ["mapping", 400, "Error: Customer US-001 is on hold.; "],
  ["mapping", 400, "Warning: validateField failed on field 'CustCustomerV3Entity.CustomerGroupId'.; "],
  ["period-closed", 400, "Error: Fiscal period for 06/30/2026 is not open.; "],
  ["period-closed", 400, "Error: The period is closed for 6/30/2026.; "],
  ["period-closed", 400, "Error: Transactions can't be posted: period Jun 2026 has the status On hold.; "],
  [
    "version-conflict",
    400,
    "Error: Cannot edit a record in Customers. An update conflict occurred due to another user process deleting the record.",
  ],
  [
    "version-conflict",
    500,
    "Error: Deadlock, where one or more users have simultaneously locked the whole table.; ",
  ],
  ["permission", 400, "Error: You do not have sufficient privileges to use this.; "],
  [
    "validation",
    400,
    "Error: Cannot create customer with account number 'C' with same party number as prospect 'P'.; ",
  ],
];

describe("what a refusal means", () => {
  it.each(CASES)("%s: %i %s", (kind, status, infolog) => {
    for (const of of [{ status }, { status: 500, isOfChangeset: true }]) {
      const fault = faultOfReply({ ...of, text: write(infolog), retryAfterMs: undefined }, "write");
      expect(fault.kind).toBe(kind);
      expect(fault.code).toBe("AxODataWriteException");
      expect(fault.message).not.toMatch(/stacktrace|Write failed|Infolog/);
    }
  });

  it.each<[ErpFaultKind, number, string]>([
    ["throttle", 429, ""],
    [
      "throttle",
      400,
      JSON.stringify({
        error: {
          code: "429",
          message: "Number of requests exceeded the limit of 6000 over the time window of 300 seconds.",
        },
      }),
    ],
    [
      "throttle",
      503,
      JSON.stringify({
        error: { code: "", message: "throttled due to system experiencing high resource utilization." },
      }),
    ],
    ["authentication", 401, ""],
    ["permission", 403, "<html>Forbidden</html>"],
    ["version-conflict", 412, ""],
    [
      "validation",
      400,
      body(
        "The property 'Foo' does not exist on type 'Microsoft.Dynamics.DataEntities.CustomerV3'.",
        "Microsoft.OData.ODataException",
      ),
    ],
    [
      "validation",
      404,
      JSON.stringify({ error: { code: "", message: "Resource not found for the segment 'CustomerV3'." } }),
    ],
    ["transient", 404, "<html>not here</html>"],
    ["transient", 302, ""],
    ["transient", 503, "<html>busy</html>"],
    ["unknown", 500, "<html>oops</html>"],
    ["unknown", 504, ""],
    ["unknown", 408, ""],
    [
      "unknown",
      500,
      body("Object reference not set to an instance of an object.", "System.NullReferenceException"),
    ],
    ["validation", 500, write("Error: The amounts are wrong.; ")],
    ["validation", 400, "no JSON"],
  ])("%s: %i %s", (kind, status, text) => {
    expect(faultOfReply({ status, text, retryAfterMs: undefined }, "write").kind).toBe(kind);
  });

  it("says that nothing was done where something was only asked", () => {
    for (const status of [408, 500, 502, 504])
      expect(faultOfReply({ status, text: "", retryAfterMs: undefined }, "read").kind).toBe("transient");
  });

  it("keeps the wait that was asked for, and cuts what is long", () => {
    const fault = faultOfReply({ status: 429, text: write("x".repeat(5_000)), retryAfterMs: 7_000 }, "write");
    expect(fault.retryAfterMs).toBe(7_000);
    expect(fault.message.length).toBeLessThan(500);
  });
});
