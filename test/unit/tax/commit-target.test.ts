import { describe, expect, it } from "vitest";
import { TributaryError } from "../../../src/model/errors.ts";
import { noFaults } from "../../../src/model/fault-injection.ts";
import type { OutboxEntry } from "../../../src/model/outputs.ts";
import type { TaxCommitAnswer, TaxService, TaxTransaction } from "../../../src/model/tax-service.ts";
import { taxCommitTarget, type TaxCommitRefusal } from "../../../src/sinks/tax/commit-target.ts";

const transaction = (code: string): TaxTransaction => ({
  service: "avatax",
  company: "NORTH",
  code,
  type: "SalesInvoice",
});

const entry = (
  ordinal: number,
  fields: object = { taxTransaction: transaction(`C:${ordinal}`) },
): OutboxEntry => ({
  channel: "document",
  ordinal,
  body: JSON.stringify({ id: `C:${ordinal}`, ...fields }),
});

/** Commits as the test says; the default is that all goes well. */
function target(answerOf: (code: string) => TaxCommitAnswer | Error = () => ({ kind: "committed" })) {
  const commits: string[] = [];
  const refusals: TaxCommitRefusal[] = [];
  const answer = (code: string): Promise<TaxCommitAnswer> => {
    const answered = answerOf(code);
    return answered instanceof Error ? Promise.reject(answered) : Promise.resolve(answered);
  };
  const service: TaxService = {
    tax: () => Promise.reject(new Error("it is only to commit")),
    commit: ({ code }) => {
      commits.push(code);
      return answer(code);
    },
    void: ({ code }) => {
      commits.push(`void ${code}`);
      return answer(code);
    },
  };
  const onRefused = (refusal: TaxCommitRefusal): Promise<void> => {
    refusals.push(refusal);
    return Promise.resolve();
  };
  return { commits, refusals, made: taxCommitTarget({ service, faults: noFaults, onRefused }), onRefused };
}

describe("the commits of taxed documents", () => {
  it("are of documents that a service has taxed, and of no others", async () => {
    const { commits, made } = target();
    await made.deliver([entry(1), entry(2, {}), entry(3, { description: '"taxTransaction"' }), entry(4)]);
    expect(commits).toEqual(["C:1", "C:4"]);
    expect([made.channel, made.provesDelivery, await made.lastDelivered()]).toEqual(["document", false, 0]);
  });

  it("are all tried before a failure is told, and those that went well are not repeated", async () => {
    let isDown = true;
    const { commits, made } = target((code) =>
      isDown && code === "C:1" ? new TributaryError("tax-service-failed", "down") : { kind: "committed" },
    );
    const entries = [entry(1), entry(2)];
    await expect(made.deliver(entries)).rejects.toMatchObject({ code: "tax-service-failed" });
    isDown = false;
    await made.deliver(entries);
    expect(commits).toEqual(["C:1", "C:2", "C:1"]);
    await made.deliver(entries);
    expect(commits).toHaveLength(5);
  });

  it("are written down where they are refused, and keep nobody from his", async () => {
    const { commits, refusals, made } = target((code) =>
      code === "C:1"
        ? { kind: "refused", code: "EntityNotFoundError", message: "not found" }
        : { kind: "committed" },
    );
    await made.deliver([entry(1), entry(2)]);
    expect(commits).toEqual(["C:1", "C:2"]);
    expect(refusals).toEqual([
      { document: "C:1", transaction: transaction("C:1"), code: "EntityNotFoundError", message: "not found" },
    ]);
  });

  it("of documents that are taken back are voided behind the commits, and not while one of those has failed", async () => {
    let isDown = true;
    const { commits, made } = target((code) =>
      isDown && code === "C:2" ? new TributaryError("tax-service-failed", "down") : { kind: "committed" },
    );
    const voids = { taxTransaction: { ...transaction("C:2"), action: "void" } };
    const entries = [entry(1, voids), entry(2)];
    await expect(made.deliver(entries)).rejects.toMatchObject({ code: "tax-service-failed" });
    expect(commits).toEqual(["C:2"]);
    isDown = false;
    await made.deliver(entries);
    expect(commits).toEqual(["C:2", "C:2", "void C:2"]);
  });

  it("wait where no service is configured", async () => {
    const { onRefused } = target();
    const made = taxCommitTarget({ service: undefined, faults: noFaults, onRefused });
    await made.deliver([entry(1, {})]);
    await expect(made.deliver([entry(2)])).rejects.toMatchObject({ code: "tax-service-missing" });
  });
});
