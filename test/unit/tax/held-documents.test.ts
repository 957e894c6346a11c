import { describe, expect, it } from "vitest";
import { heldDocuments } from "../../../src/pipeline/held-documents.ts";
import { OPERATIONS } from "../../../src/pipeline/operations/operations.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { at, catalogOf, contract, ServedBilling, tenPercent } from "./service-fixture.ts";

const store = openPartitionStore(":memory:", { partition: 0, partitionCount: 1 });

async function billed(customer: object = {}): Promise<ServedBilling> {
  const billing = new ServedBilling(
    catalogOf({
      "contracts/all.json": [contract(), contract({ id: "D", account: "other" })],
      "customers/all.json": [{ id: "customer", name: "Customer", country: "US", region: "CA", ...customer }],
    }),
  );
  await billing.use(100, "2026-01-10");
  await billing.use(70, "2026-01-10", "2026-01-10", "other");
  await billing.until("2026-02-05");
  return billing;
}

/** What the owner makes of the wish to ask again: the documents of the record, or why it refuses. */
function retry({ engine }: ServedBilling, documents: readonly string[] | null): unknown {
  const read = OPERATIONS.get("tax-retry")?.read({
    kind: "tax-retry",
    request: "request-1",
    actor: "Ann",
    reason: "the address is known now",
    documents,
  });
  if (read === undefined || typeof read === "string") throw new Error(read ?? "no such kind");
  const outcome = read.decide({ engine, store, nowMs: 0 });
  return "refusal" in outcome ? outcome.refusal : Reflect.get(outcome.record, "documents");
}

describe("held documents", () => {
  it("are listed with reason and age, the oldest first, and which of them a service is asked about", async () => {
    const billing = await billed();
    await billing.answer("C:1", () => ({ kind: "refused", code: "E", message: "no such place" }));
    const sources = [{ partition: 3, engine: billing.engine, store }];
    const refused = {
      partition: 3,
      id: "C:1",
      legalEntity: "served",
      contract: "C",
      account: "acme",
      currency: "EUR",
      net: "10.00",
      reason: "tax-service-refused",
      detail: "E: no such place",
      since: "2026-02-03T00:00:00.000Z",
      ageSeconds: 2 * 86_400,
      asked: true,
    };
    expect(heldDocuments(sources, at("2026-02-05"))).toEqual([
      refused,
      {
        ...refused,
        id: "D:1",
        contract: "D",
        account: "other",
        net: "7.00",
        reason: "tax-pending",
        detail: "",
      },
    ]);
  });

  it("can be asked about again while they wait for a service, by name or all", async () => {
    const billing = await billed();
    expect(retry(billing, null)).toBeNull();
    expect(retry(billing, ["C:1", "D:1"])).toEqual(["C:1", "D:1"]);
    expect(retry(billing, ["C:1", "C:2"])).toBe("not-held");
    await billing.answer("C:1", tenPercent);
    expect(retry(billing, ["C:1"])).toBe("not-held");
    await billing.answer("D:1", tenPercent);
    expect(retry(billing, null)).toBe("not-held");
  });

  it("can't where they wait for the catalog alone", async () => {
    const billing = await billed({ country: undefined, region: undefined });
    expect(heldDocuments([{ partition: 0, engine: billing.engine, store }], 0)[0]).toMatchObject({
      reason: "tax-address-missing",
      ageSeconds: 0,
      asked: false,
    });
    expect(retry(billing, null)).toBe("not-held");
  });
});
