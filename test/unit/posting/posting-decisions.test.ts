import { describe, expect, test } from "vitest";
import { POSTING_STATES, type PostingState } from "../../../src/model/posting.ts";
import type { NewerCommand, PostingDocument } from "../../../src/model/posting-store.ts";
import { decide, newerCommand, type Decision } from "../../../src/sinks/posting/posting-decisions.ts";
import { document, told } from "./machine-fixture.ts";

const NEWER: NewerCommand = { position: 200_000, revision: 2, partition: 3, contentHash: "b".repeat(64) };

function newer(state: PostingState, fields: Partial<PostingDocument> = {}, command = NEWER): string {
  const step = newerCommand(document(state, fields), command);
  return step === undefined ? "later" : told(step);
}

describe("a newer command of the same key", () => {
  const expected: Readonly<Record<PostingState, string>> = {
    planned: "planned #0 revision",
    submitting: "later",
    accepted: "later",
    unknown: "later",
    confirmed: "conflict #1 content-differs",
    reconciled: "conflict #1 content-differs",
    parked: "planned #0 revision",
    held: "planned #0 revision",
    rejected: "unknown #0 revision",
    conflict: "unknown #0 revision",
    cancelled: "unknown #0 revision",
  };
  test.each(POSTING_STATES)("of a document that is %s", (state) => {
    expect(newer(state)).toBe(expected[state]);
  });

  test("that says the same as what the ERP has is only acknowledged", () => {
    const same = { ...NEWER, contentHash: "a".repeat(64) };
    expect(newer("confirmed", {}, same)).toBe("confirmed #1 unchanged");
    expect(newer("reconciled", {}, same)).toBe("reconciled #1 unchanged");
  });

  test("brings a customer up to date, keeps an operator's hold, and looks for nothing that was never sent", () => {
    expect(newer("reconciled", { kind: "customer" })).toBe("planned #0 revision");
    expect(newer("held", { reason: "operator" })).toBe("held #1 operator");
    expect(newer("rejected", { attempt: 0 })).toBe("planned #0 revision");
  });
});

describe("an operator's decision", () => {
  const allowed: Readonly<Record<Decision, Partial<Record<PostingState, string>>>> = {
    retry: {
      planned: "planned #0 operator",
      parked: "planned #0 operator",
      held: "planned #0 operator",
      rejected: "unknown #0 operator",
      conflict: "unknown #0 operator",
    },
    hold: { planned: "held #1 operator", parked: "held #1 operator", held: "held #1 operator" },
    release: { held: "planned #0 operator" },
    cancel: {
      planned: "cancelled #1 operator",
      parked: "cancelled #1 operator",
      held: "cancelled #1 operator",
      rejected: "cancelled #1 operator",
      conflict: "cancelled #1 operator",
    },
    adopt: { conflict: "reconciled #1 adopted" },
  };
  const decisions: readonly Decision[] = ["retry", "hold", "release", "cancel", "adopt"];
  test.each(decisions)("to %s", (decision) => {
    const given = Object.fromEntries(
      POSTING_STATES.map((state) => {
        const decided = decide(document(state, { erp: { id: "7", number: null } }), {
          decision,
          reason: "why",
        });
        return [state, "refused" in decided ? undefined : told(decided.step)];
      }),
    );
    expect(given).toEqual(allowed[decision]);
  });

  test("to adopt names one document; to retry does not end an operator's hold", () => {
    expect(decide(document("conflict"), { decision: "adopt", reason: "why" })).toHaveProperty("refused");
    const held = document("held", { reason: "operator" });
    expect(decide(held, { decision: "retry", reason: "why" })).toHaveProperty("refused");
    expect(decide(held, { decision: "release", reason: "why" })).toHaveProperty("step");
  });
});
