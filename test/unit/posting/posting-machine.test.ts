import { describe, expect, test } from "vitest";
import { ERP_FAULT_KINDS, POSTING_STATES, type ErpFaultKind } from "../../../src/model/posting.ts";
import {
  answered,
  begin,
  failed,
  lookedUp,
  lookFailed,
  polled,
  pollFailed,
  readBack,
  takenOver,
  type Fault,
} from "../../../src/sinks/posting/posting-machine.ts";
import { NEXT_STATES, transitionRecord, write } from "../../../src/sinks/posting/posting-transition.ts";
import { CONTEXT, document, EXPECTED, found, NOW_MS, POLICY, told } from "./machine-fixture.ts";

const submitting = document("submitting");
const unknown = document("unknown");
const plan = { kind: "invoice", expected: EXPECTED } as const;

function fault(kind: ErpFaultKind): Fault {
  return { kind, code: "X", message: "so it says" };
}

describe("a request that brought no document", () => {
  const first: Readonly<Record<ErpFaultKind, string>> = {
    transient: "planned #1 transient +250",
    throttle: "planned #0 throttle",
    unknown: "unknown #1 unknown +60000",
    authentication: "planned #0 authentication",
    duplicate: "unknown #1 duplicate +0",
    mapping: "parked #1 mapping",
    validation: "rejected #1 validation",
    "period-closed": "held #1 period-closed +3600000",
    "version-conflict": "unknown #1 version-conflict +60000",
    permission: "rejected #1 permission",
  };
  test.each(ERP_FAULT_KINDS)("by %s", (kind) => {
    const step = failed(submitting, fault(kind), true, CONTEXT);
    expect(told(step)).toBe(first[kind]);
    expect(step).toMatchObject({ transition: { code: "X", message: "so it says" } });
  });

  const repeated: readonly (readonly [ErpFaultKind, number, string])[] = [
    ["transient", 1, "planned #1 transient +500"],
    ["transient", 6, "planned #1 transient +16000"],
    ["transient", 40, "planned #1 transient +30000"],
    ["authentication", 1, "planned #0 authentication +30000"],
    ["duplicate", 1, "unknown #1 duplicate +60000"],
    ["version-conflict", 2, "unknown #1 version-conflict +60000"],
    ["version-conflict", 3, "rejected #1 version-conflict"],
  ];
  test.each(repeated)("by %s after %i before it", (kind, faultCount, expected) => {
    const before = document("submitting", { lastFault: kind, faultCount });
    expect(told(failed(before, fault(kind), true, CONTEXT))).toBe(expected);
  });

  test("for the last time that counts is given to people; in an outage it is not", () => {
    const last = document("submitting", { attempt: POLICY.maxAttempts });
    expect(told(failed(last, fault("transient"), true, CONTEXT))).toBe("rejected #8 transient");
    expect(told(failed(last, fault("transient"), false, CONTEXT))).toBe("planned #7 transient +250");
  });

  test("in a closed period goes by the policy", () => {
    const by = (periodClosed: typeof POLICY.periodClosed): string =>
      told(
        failed(submitting, fault("period-closed"), true, { ...CONTEXT, policy: { ...POLICY, periodClosed } }),
      );
    expect(by("reject")).toBe("rejected #1 period-closed");
    expect(by("hold")).toBe("held #1 period-closed +3600000");
  });
});

describe("an answer", () => {
  test("confirms, or is worked on", () => {
    const erp = { id: "7", number: "INV7" };
    expect(told(begin(document("planned", { attempt: 2 })))).toBe("submitting #3");
    expect(answered(submitting, { status: "confirmed", erp }, CONTEXT)).toMatchObject({
      transition: { to: "confirmed", erp },
    });
    expect(answered(submitting, { status: "accepted", handle: "job" }, CONTEXT)).toMatchObject({
      transition: { to: "accepted", handle: "job", notBeforeMs: NOW_MS + POLICY.firstPollMs },
    });
  });

  test("to a poll: soon at first, then at a quarter of its age, at most five minutes", () => {
    const pending = { status: "pending" } as const;
    const aged = (ageMs: number): string =>
      told(polled(document("accepted", { sinceMs: NOW_MS - ageMs }), pending, CONTEXT));
    expect([aged(0), aged(60_000), aged(86_400_000)]).toEqual(["wait 5000", "wait 15000", "wait 300000"]);
    const done = polled(
      document("accepted"),
      { status: "confirmed", erp: { id: "7", number: null } },
      CONTEXT,
    );
    expect(told(done)).toBe("confirmed #1");
  });

  const polls: Readonly<Record<ErpFaultKind, string>> = {
    transient: "wait 2000",
    throttle: "wait 2000",
    unknown: "wait 2000",
    authentication: "wait 30000",
    duplicate: "unknown #1 duplicate +0",
    mapping: "parked #1 mapping",
    validation: "rejected #1 validation",
    "period-closed": "held #1 period-closed +3600000",
    "version-conflict": "unknown #1 version-conflict +60000",
    permission: "wait 300000",
  };
  test.each(ERP_FAULT_KINDS)("to a poll: %s", (kind) => {
    expect(told(pollFailed(document("accepted"), fault(kind), CONTEXT))).toBe(polls[kind]);
  });
});

describe("a look", () => {
  test("finds it: equal is adopted, different and several are conflicts", () => {
    expect(lookedUp(unknown, plan, [found("7", { total: "119.0" })], CONTEXT)).toMatchObject({
      transition: { to: "confirmed", reason: "adopted", erp: { id: "7" } },
    });
    expect(lookedUp(unknown, plan, [found("7", { total: "238.00" })], CONTEXT)).toMatchObject({
      transition: {
        to: "conflict",
        reason: "different-document",
        message: "total is 238.00 in the ERP, 119.00 here.",
        erp: { id: "7" },
      },
    });
    expect(lookedUp(unknown, plan, [found("7"), found("8")], CONTEXT)).toMatchObject({
      transition: { to: "conflict", reason: "duplicate-document", erp: null },
    });
  });

  test("brings a customer up to date where it differs", () => {
    const customer = { ...plan, kind: "customer" } as const;
    expect(told(lookedUp(unknown, customer, [found("7", { customer: "other" })], CONTEXT))).toBe(
      "planned #1 absent",
    );
  });

  test("finds nothing: it is sent again, so often as is allowed", () => {
    expect(told(lookedUp(unknown, plan, [], CONTEXT))).toBe("planned #1 absent");
    const last = document("unknown", { attempt: POLICY.maxAttempts });
    expect(told(lookedUp(last, plan, [], CONTEXT))).toBe("rejected #8 attempts-exhausted");
  });

  test.each(ERP_FAULT_KINDS)("that fails by %s changes nothing", (kind) => {
    expect(lookFailed(unknown, fault(kind), CONTEXT).kind).toBe("wait");
  });

  test("is owed to what a former runner had begun, behind its longest request", () => {
    expect(told(takenOver(submitting, CONTEXT))).toBe("unknown #1 runner-changed +90000");
  });
});

describe("a read-back", () => {
  const confirmed = document("confirmed", { erp: { id: "7", number: null } });

  test("that is equal, lines in any order, reconciles", () => {
    const lines = [
      { reference: "86", amount: "40.00" },
      { reference: "86", amount: "60" },
    ];
    expect(told(readBack(confirmed, plan, [found("7", { lines })], CONTEXT))).toBe("reconciled #1");
  });

  test.each([
    [{ customer: "x" }, "customer is x in the ERP, 614 here."],
    [{ legalEntity: null }, "legalEntity is nothing in the ERP, 1 here."],
    [{ currency: "USD" }, "currency is USD in the ERP, EUR here."],
    [{ date: "2026-04-01" }, "date is 2026-04-01 in the ERP, 2026-03-01 here."],
    [{ tax: "19.01" }, "tax is 19.01 in the ERP, 19.00 here."],
    [{ lines: [{ reference: "86", amount: "60.00" }] }, "lines is no other line in the ERP, 86: 40 here."],
    [
      { lines: [...EXPECTED.lines, { reference: "86", amount: "40" }] },
      "lines is 86: 40 in the ERP, no other line here.",
    ],
  ])("that differs in %o is a conflict that says so", (fields, message) => {
    expect(readBack(confirmed, plan, [found("7", fields)], CONTEXT)).toMatchObject({
      transition: { to: "conflict", reason: "read-back-different", message },
    });
  });

  test("of another document, of several, or of none", () => {
    expect(told(readBack(confirmed, plan, [found("8")], CONTEXT))).toBe("conflict #1 read-back-different");
    expect(told(readBack(confirmed, plan, [found("7"), found("8")], CONTEXT))).toBe(
      "conflict #1 duplicate-document",
    );
    expect(readBack(confirmed, plan, [], CONTEXT).kind).toBe("wait");
    const old = { ...confirmed, sinceMs: NOW_MS - 3_600_000 };
    expect(told(readBack(old, plan, [], CONTEXT))).toBe("conflict #1 read-back-missing");
  });
});

describe("a transition", () => {
  test("that the table does not allow is a fault of the program", () => {
    for (const from of POSTING_STATES) {
      const allowed = POSTING_STATES.filter((to) => {
        try {
          return write(document(from), to).kind === "write";
        } catch {
          return false;
        }
      });
      expect(new Set(allowed)).toEqual(new Set(NEXT_STATES[from]));
    }
  });

  test("of a document whose ERP has it leads to no second request, but for a customer's", () => {
    expect(NEXT_STATES.confirmed).not.toContain("submitting");
    expect(NEXT_STATES.reconciled).not.toContain("unknown");
  });

  test("becomes a record that names its command, and null before the first", () => {
    const step = begin(document("planned", { isNew: true, attempt: 0 }));
    if (step.kind !== "write") throw new Error("no record");
    expect(transitionRecord(step.transition, { nowMs: NOW_MS, epoch: 4 })).toEqual({
      schemaVersion: 1,
      kind: "transition",
      at: "2026-03-10T00:00:00.000Z",
      epoch: 4,
      key: "invoice:1",
      revision: 1,
      partition: 3,
      command: 1,
      from: null,
      to: "submitting",
      attempt: 1,
      reason: null,
      code: null,
      message: null,
      erp: null,
      handle: null,
      notBefore: null,
    });
  });
});
