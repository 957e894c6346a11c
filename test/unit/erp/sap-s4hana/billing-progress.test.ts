import { describe, expect, it } from "vitest";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import type { BillingDocument } from "../../../../src/sinks/erp/sap-s4hana/billing-requests/read-documents.ts";
import type { FoundRequest } from "../../../../src/sinks/erp/sap-s4hana/billing-requests/read-requests.ts";
import {
  lookedUp,
  progressOf,
  stateOf,
} from "../../../../src/sinks/erp/sap-s4hana/billing-requests/request-state.ts";
import { type BillingPlan, isBillingPlan } from "../../../../src/sinks/erp/sap-s4hana/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/sap-s4hana/plan-command.ts";
import { BILLING, BILLING_CONTEXT, billed, invoice } from "./sap-fixture.ts";

function planOf(document = invoice()): BillingPlan {
  const plan = planCommand(billed.command(document), BILLING_CONTEXT);
  if (!isBillingPlan(plan)) throw new Error("it is no request");
  return plan;
}

const plan = planOf();
const { reference, customerReference } = plan.request;
const OTHER = { ...plan.expected, total: "1" };

function request(changes: Partial<FoundRequest> = {}): FoundRequest {
  return {
    number: "0080000001",
    reference,
    customerReference,
    isOpen: true,
    issue: null,
    document: plan.expected,
    ...changes,
  };
}

function document(changes: Partial<BillingDocument> = {}): BillingDocument {
  return {
    erp: { id: "0090000001", number: "0090000001" },
    customerReference,
    isCancelled: false,
    requests: ["0080000001"],
    transferStatus: "C",
    entry: { companyCode: "1710", fiscalYear: "2026", number: "9400000001" },
    document: plan.expected,
    ...changes,
  };
}

interface Seen {
  readonly requests?: readonly FoundRequest[];
  readonly documents?: readonly BillingDocument[];
  readonly afterMs?: number;
}

function outcome({ requests = [], documents = [], afterMs = 1_000 }: Seen): string {
  const answer = progressOf(plan, stateOf(plan, requests, documents), {
    nowMs: afterMs,
    sinceMs: 0,
    deadlines: BILLING,
  });
  return answer.status === "failed" ? `${answer.fault.kind} ${answer.fault.code}` : answer.status;
}

const { requestDeadlineMs, billingDeadlineMs } = BILLING;
const ISSUE = { code: "pricing-incomplete", text: "its pricing is incomplete" };
const REJECTED = request({ isOpen: false });

describe("what is said of a request that was sent", () => {
  it.each([
    ["there is nothing yet", {}, "pending"],
    ["there is nothing in time", { afterMs: requestDeadlineMs }, "validation request-missing"],
    ["it waits for the job", { requests: [request()] }, "pending"],
    ["it waits too long", { requests: [request()], afterMs: billingDeadlineMs }, "validation not-billed"],
    ["it can't be billed", { requests: [request({ issue: ISSUE })] }, "mapping pricing-incomplete"],
    ["it is another one", { requests: [request({ document: OTHER })] }, "duplicate request-differs"],
    ["somebody has rejected it", { requests: [REJECTED] }, "validation request-rejected"],
    ["it was rejected, and sent again", { requests: [REJECTED, request()] }, "pending"],
    ["it is billed and in accounting", { requests: [REJECTED], documents: [document()] }, "confirmed"],
    ["it is billed otherwise", { documents: [document({ document: OTHER })] }, "duplicate billing-differs"],
    ["it is billed twice", { documents: [document(), document()] }, "duplicate billed-twice"],
    ["with others", { documents: [document({ requests: ["1", "2"] })] }, "duplicate billed-together"],
    [
      "accounting refuses",
      { documents: [document({ transferStatus: "" })] },
      "period-closed accounting-status-error",
    ],
    ["it is blocked", { documents: [document({ transferStatus: "A" })] }, "pending"],
    [
      "it is blocked for long",
      { documents: [document({ transferStatus: "A" })], afterMs: billingDeadlineMs },
      "validation accounting-status-A",
    ],
    ["it has no accounts", { documents: [document({ transferStatus: "B" })] }, "mapping accounting-status-B"],
    [
      "it is not for accounting",
      { documents: [document({ transferStatus: "D" })] },
      "validation accounting-status-D",
    ],
    [
      "a status that nobody knows",
      { documents: [document({ transferStatus: "Z" })] },
      "validation accounting-status-Z",
    ],
  ] as const)("%s", (_, seen, expected) => {
    expect(outcome(seen)).toBe(expected);
  });

  it("a document of nothing need not be in accounting", () => {
    const nothing = planOf(invoice({ lines: [], net: "0", tax: "0", total: "0" }));
    const seen = document({ transferStatus: "D", document: nothing.expected });
    const state = stateOf(nothing, [], [{ ...seen, customerReference: nothing.request.customerReference }]);
    expect(progressOf(nothing, state, { nowMs: 0, sinceMs: 0, deadlines: BILLING }).status).toBe("confirmed");
  });

  it("a request that was billed under another reference is told, and never sent again", () => {
    const elsewhere = stateOf(plan, [REJECTED], [], new Map([["0080000001", "0090000009"]]));
    expect(() => progressOf(plan, elsewhere, { nowMs: 0, sinceMs: 0, deadlines: BILLING })).toThrow(
      "billing document 0090000009",
    );
    expect(() => lookedUp(plan, elsewhere)).toThrow(ErpFault);
  });

  it("a reference that somebody else uses is told, and never taken for ours", () => {
    const foreign = request({ customerReference: "UMR-AAAAAAAAAAAA X-1" });
    expect(() => outcome({ requests: [foreign] })).toThrow(ErpFault);
    expect(() => lookedUp(plan, stateOf(plan, [foreign], []))).toThrow("another request");
  });
});

describe("what a look-up tells", () => {
  const told = ({ requests = [], documents = [] }: Seen) =>
    lookedUp(plan, stateOf(plan, requests, documents)).map(({ erp }) => erp.id);
  it.each([
    ["nothing of nothing", {}, []],
    ["nothing of what is on its way", { requests: [request()] }, []],
    ["nothing of what can't be billed", { requests: [request({ issue: ISSUE, document: OTHER })] }, []],
    ["nothing of what is rejected", { requests: [request({ isOpen: false, document: OTHER })] }, []],
    ["a request that differs", { requests: [request({ document: OTHER })] }, ["request-0080000001"]],
    ["a billing document", { documents: [document()] }, ["0090000001"]],
    ["nothing of one that waits for accounting", { documents: [document({ transferStatus: "" })] }, []],
    [
      "one that differs, wherever it is",
      { documents: [document({ transferStatus: "", document: OTHER })] },
      ["0090000001"],
    ],
  ] as const)("%s", (_, seen, expected) => {
    expect(told(seen)).toEqual(expected);
  });
});
