import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import { externalIdPrefix } from "../../../../src/sinks/erp/sap-s4hana/external-id.ts";
import { compareDocuments } from "../../../../src/sinks/posting/compare-documents.ts";
import { context, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  PREFIX,
  REFERENCES,
} from "../../../unit/erp/sap-s4hana/sap-fixture.ts";
import { Bookkeeping, memo } from "./system-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.closeRight();
});

async function scanned(since: string): Promise<readonly { externalId: string; erp: { id: string } }[]> {
  const found = [];
  for await (const page of books.sink.scan(since, context())) found.push(...page);
  return found;
}
const TODAY = new Date().toISOString().slice(0, 10);

describe("searching for strays", () => {
  it("finds all of ours, each once, and nothing else", async () => {
    const posted = [
      await books.post(command(customer())),
      await books.post(command(invoice())),
      await books.post(memo()),
      await books.post(command(journal())),
    ];
    books.simulator.control({ do: "pay", reference: posted[1]!.plan.externalId, amount: "5" });
    books.simulator.control({ do: "reverse", reference: posted[3]!.plan.externalId });
    const found = await scanned(TODAY);
    expect(found.map(({ externalId, erp }) => `${externalId} ${erp.id}`).sort()).toEqual(
      posted.map(({ plan, id }) => `${plan.externalId} ${id}`).sort(),
    );
    expect(externalIdPrefix(PREFIX)).toBe("UMR-");
    expect(await scanned("2999-01-01")).toEqual([]);
  });

  it("finds a second document under one key", async () => {
    const plan = books.sink.plan(command(journal()));
    await books.sink.submit(plan, context());
    await books.sink.submit(plan, context(2));
    expect((await scanned(TODAY)).map(({ externalId }) => externalId)).toEqual([
      plan.externalId,
      plan.externalId,
    ]);
    expect(await books.sink.lookUp(plan, context())).toHaveLength(2);
  });
});

describe("reading back", () => {
  it("tells what somebody has changed", async () => {
    await books.post(command(customer()));
    const { plan } = await books.post(command(invoice()));
    books.simulator.control({ do: "edit-amount", reference: plan.externalId, amount: "-120.51" });
    const [found] = await books.sink.readBack([plan], context());
    expect(compareDocuments(plan.expected, found!.document).map(({ field }) => field)).toEqual([
      "total",
      "lines",
    ]);
  });

  it("reads many by few requests", async () => {
    await books.post(command(customer()));
    const plans = [];
    for (let n = 0; n < books.sink.maxReadBack; n++)
      plans.push((await books.post(command(invoice({ number: `N-${n}` })))).plan);
    books.open();
    const found = await books.sink.readBack(plans, context());
    expect(found).toHaveLength(plans.length);
    expect(books.seen).toHaveLength(3);
    for (const { externalId, document } of found) {
      const plan = plans.find((each) => each.externalId === externalId);
      expect(compareDocuments(plan!.expected, document)).toEqual([]);
    }
  });
});

describe("the check of a connection", () => {
  const KINDS = ["customer", "invoice", "credit-memo", "journal"] as const;

  it("finds nothing where nothing is wrong", async () => {
    expect(await books.sink.check(KINDS, context(), REFERENCES)).toEqual([]);
  });

  it("finds keys that SAP doesn't have", async () => {
    const findings = await books.sink.check(KINDS, context(), {
      ...REFERENCES,
      legal_entity: { north: { id: "9999", reconciliation_account: "12100000" } },
      item: { api: { account: "99999999", profit_center: "NONE" } },
      customer: { acme: { id: "77" } },
      dimension: { "team=x": { field: "cost_center", id: "NOPE" } },
    });
    expect(findings.map(({ problem, message }) => `${problem}: ${message}`).sort()).toEqual([
      "mapping: The G/L account 99999999 does not exist in SAP (mapping table item, key api).",
      "mapping: The company code 9999 does not exist in SAP (mapping table legal_entity, key north).",
      "mapping: The cost centre NOPE does not exist in SAP (mapping table dimension, key team=x).",
      "mapping: The customer 77 does not exist in SAP (mapping table customer, key acme).",
      "mapping: The profit centre NONE does not exist in SAP (mapping table item, key api).",
    ]);
  });

  it("finds what may not be used", async () => {
    books.simulator.control({ do: "revoke-service", service: "journalentrycreaterequestconfi" });
    books.simulator.control({ do: "revoke-service", service: "API_COMPANYCODE_SRV" });
    const findings = await books.sink.check(KINDS, context(), REFERENCES);
    expect(findings.map(({ problem }) => problem)).toEqual(["permission", "permission"]);
    expect(findings[0]?.message).toContain("SAP_COM_0002");
    expect(findings[1]?.message).toContain("API_COMPANYCODE_SRV");
  });

  it("finds wrong credentials, and nobody there", async () => {
    books.simulator.control({ do: "refuse-credentials" });
    expect(await books.sink.check(KINDS, context())).toMatchObject([{ problem: "credentials" }]);
    await books.simulator.close();
    expect(await books.sink.check(KINDS, context())).toMatchObject([{ problem: "unreachable" }]);
    await books.restart();
  });

  it("can't tell while SAP is too busy", async () => {
    books.simulator.fault({ kind: "throttle-storm", ms: 1_000 });
    expect(await faultOf(books.sink.check(KINDS, context()))).toBeInstanceOf(ErpFault);
  });
});

it("the simulator's books outlast its process", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-sap-"));
  try {
    const stateFile = join(folder, "state");
    await books.restart({ stateFile });
    await books.post(command(customer()));
    const { plan } = await books.post(command(invoice()));
    books.simulator.control({ do: "pay", reference: plan.externalId, amount: "27.73" });
    await books.restart({ stateFile });
    await books.expectAsPlanned(plan);
    const [found] = await books.sink.readBack([plan], context());
    expect(found?.payment).toEqual({ status: "partly-paid", openAmount: "100" });
    expect((await books.post(command(invoice({ number: "N-2" })))).id).toBe("1710-2026-1800000001");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
