import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ErpReference } from "../../../../src/model/posting.ts";
import { context, expectEqual, unusedAddress } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  memo,
  REFERENCES,
} from "../../../unit/erp/oracle-fusion/oracle-fixture.ts";
import { BASIC, Environment, expectNoWrongRequests } from "./environment-fixture.ts";

let oracle: Environment;
beforeEach(async () => {
  oracle = await Environment.start();
});
afterEach(async () => {
  expectNoWrongRequests(oracle);
  await oracle.close();
});

async function postAll(): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (const posted of [command(customer()), command(invoice()), memo(), command(journal())]) {
    const { plan, id } = await oracle.post(posted);
    ids.set(plan.externalId, id);
  }
  return ids;
}

it("reads many documents back, and leaves out what isn't there", async () => {
  await oracle.post(command(customer()));
  const posted = Array.from({ length: 12 }, (_, index) => command(invoice({ number: `N-${index}` })));
  for (const each of posted) await oracle.post(each);
  const plans = [...posted, command(invoice({ number: "N-99" }))].map((each) => oracle.sink.plan(each));
  const before = oracle.simulator.ledger().requests.length;
  const found = await oracle.sink.readBack(plans, context());
  expect(found.map(({ externalId }) => externalId)).toEqual(
    plans.slice(0, 12).map((plan) => plan.externalId),
  );
  found.forEach((each, index) => {
    expectEqual(plans[index]!, [each]);
  });
  // One question for all; the customer's number is known.
  expect(oracle.simulator.ledger().requests.length - before).toBeLessThanOrEqual(2);
});

it("shows what somebody has changed", async () => {
  await oracle.post(command(customer()));
  const { plan } = await oracle.post(command(invoice()));
  oracle.simulator.control({ do: "edit-amount", number: "N-1", amount: "100" });
  const [found] = await oracle.sink.readBack([plan], context());
  expect(found?.document).toMatchObject({ total: "107.23", lines: [{ reference: "Usage", amount: "100" }] });
});

describe("the scan", () => {
  async function scanned(since: string): Promise<readonly (readonly [string, ErpReference])[]> {
    const found: (readonly [string, ErpReference])[] = [];
    for await (const page of oracle.sink.scan(since, context()))
      found.push(...page.map(({ externalId, erp }) => [externalId, erp] as const));
    return found;
  }

  it("finds every document under the prefix, as it was called when it was confirmed", async () => {
    const ids = await postAll();
    const today = new Date().toISOString().slice(0, 10);
    const found = await scanned(today);
    expect(new Map(found.map(([externalId, { id }]) => [externalId, id]))).toEqual(ids);
    const next = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
    expect(await scanned(next)).toEqual([]);
  });

  it("finds a second document under one reference, and others' not at all", async () => {
    await postAll();
    await oracle.post(command(invoice({ number: "N-2" })));
    oracle.simulator.control({
      do: "rename-reference",
      number: "N-2",
      crossReference: "umr-invoice:north:N-1",
    });
    await oracle.post(command(invoice({ number: "N-3" })));
    oracle.simulator.control({ do: "rename-reference", number: "N-3", crossReference: "umrX-invoice" });
    const found = await scanned("2020-01-01");
    expect(found.filter(([externalId]) => externalId === "umr-invoice:north:N-1")).toHaveLength(2);
    expect(found.some(([externalId]) => externalId.startsWith("umrX"))).toBe(false);
    // Both are told when it is looked up.
    const plan = oracle.sink.plan(command(invoice()));
    expect(await oracle.sink.lookUp(plan, context())).toHaveLength(2);
  });
});

it("a search whose prefix has a wildcard finds no other prefix", async () => {
  await postAll();
  oracle.open({}, "umr_");
  const { plan } = await oracle.post(command(journal()));
  const found: string[] = [];
  for await (const page of oracle.sink.scan("2020-01-01", context()))
    found.push(...page.map(({ externalId }) => externalId));
  expect(found).toEqual([plan.externalId]);
});

describe("the check", () => {
  const kinds = ["customer", "invoice", "credit-memo", "journal"] as const;

  it("finds nothing where nothing is wrong", async () => {
    expect(await oracle.sink.check(kinds, context(), REFERENCES)).toEqual([]);
  });

  it("names rows of the mapping that Oracle doesn't have", async () => {
    const findings = await oracle.sink.check(kinds, context(), {
      legal_entity: { north: { business_unit: "None", ledger_id: "999" } },
      currency: { CHF: { code: "CHF" } },
      customer: { acme: { account_number: "C-9" } },
      account: { revenue: { combination: "01-000-9999-0000" } },
      item: { api: { memo_line: "Usage", combination: "99-000-4110-0000" } },
    });
    expect(
      findings.map(({ problem, message }) => [problem, /^The ([a-z ]+) (\S+)/.exec(message)?.slice(1)]),
    ).toEqual([
      ["mapping", ["business unit", "None"]],
      ["mapping", ["currency", "CHF"]],
      ["mapping", ["customer account", "C-9"]],
      ["mapping", ["account", "01-000-9999-0000"]],
      ["mapping", ["account", "99-000-4110-0000"]],
      ["mapping", ["ledger", "999"]],
    ]);
  });

  it("names what the user may not read", async () => {
    for (const path of ["/receivablesInvoices", "/ess/rest", "/currenciesLOV"])
      oracle.simulator.control({ do: "revoke-permission", path });
    const findings = await oracle.sink.check(kinds, context(), REFERENCES);
    expect(findings.map(({ problem }) => problem)).toEqual(["permission", "permission", "permission"]);
    expect(findings.map(({ message }) => message).join(" ")).toMatch(
      /Manage Receivables Transactions.*scheduled processes.*kind currency/s,
    );
  });

  it("tells credentials from an environment that doesn't answer", async () => {
    oracle.open({ authentication: { kind: "basic", username: "x", password: "y" } });
    expect(await oracle.sink.check(kinds, context())).toMatchObject([{ problem: "credentials" }]);
    oracle.open({ url: await unusedAddress() });
    expect(await oracle.sink.check(kinds, context())).toMatchObject([{ problem: "unreachable" }]);
  });
});

it("an environment with a file outlasts its process", async () => {
  const folder = mkdtempSync(join(tmpdir(), "oracle-"));
  const stateFile = join(folder, "state.jsonl");
  await oracle.restart({ credentials: { basic: BASIC }, stateFile });
  await postAll();
  const before = oracle.simulator.ledger();
  await oracle.restart({ credentials: { basic: BASIC }, stateFile });
  const { transactions, parties, accounts, batches } = oracle.simulator.ledger();
  expect([transactions, parties, accounts, batches]).toEqual([
    before.transactions,
    before.parties,
    before.accounts,
    before.batches,
  ]);
  await oracle.expectAsPlanned((await oracle.post(command(invoice({ number: "N-2" })))).plan);
  rmSync(folder, { recursive: true });
});
