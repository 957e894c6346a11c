import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import { context, faultOf, unusedAddress } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  memo,
  REFERENCES,
} from "../../../unit/erp/oracle-fusion/oracle-fixture.ts";
import { BASIC, Environment, OAUTH, expectNoWrongRequests } from "./environment-fixture.ts";

let oracle: Environment;
beforeEach(async () => {
  oracle = await Environment.start();
});
afterEach(async () => {
  expectNoWrongRequests(oracle);
  await oracle.close();
});

/** Looks, and sends again only what is not there, or a customer that is not as it should be: as the runner does behind an unknown outcome. */
async function recover(posted: PostingCommand): Promise<void> {
  const plan = oracle.sink.plan(posted);
  const [found] = await oracle.sink.lookUp(plan, context());
  const isOutdated = posted.kind === "customer" && found?.document.customer !== plan.expected.customer;
  if (found === undefined || isOutdated) await oracle.post(posted, 2);
  await oracle.expectAsPlanned(plan);
}

describe("an answer that is lost", () => {
  beforeEach(async () => {
    await oracle.post(command(customer({ customer: "other" })));
  });

  /** The requests of each kind that change something, in their order. */
  const STEPS: readonly (readonly [string, string, string, () => PostingCommand])[] = [
    ["customer's party", "POST", "/accounts", () => command(customer())],
    ["customer's account", "POST", "/CustomerAccountService", () => command(customer())],
    ["customer's profile", "POST", "/ReceivablesCustomerProfileService", () => command(customer())],
    ["invoice", "POST", "/receivablesInvoices", () => command(invoice({ customer: "other" }))],
    ["invoice's completion", "PATCH", "/receivablesInvoices", () => command(invoice({ customer: "other" }))],
    ["memo", "POST", "/receivablesCreditMemos", () => memo({ customer: "other" })],
    ["memo's completion", "PATCH", "/receivablesCreditMemos", () => memo({ customer: "other" })],
    ["memo's application", "POST", "/CreditMemoService", () => memo({ customer: "other" })],
    ["journal", "POST", "/erpintegrations", () => command(journal())],
  ];

  for (const kind of ["lost-after-commit", "lost-before-commit"] as const)
    it.each(STEPS)(`${kind}: of a %s`, async (_, method, path, posted) => {
      if (posted().kind === "credit-memo") await oracle.post(command(invoice({ customer: "other" })));
      const isRead = path.endsWith("Service") && posted().kind === "customer";
      // The first request to a customer's services only asks.
      if (isRead) oracle.simulator.fault({ kind: "slow", ms: 0 }, { times: 1, method, path });
      oracle.simulator.fault({ kind }, { times: 1, method, path });
      expect(await faultOf(oracle.post(posted()))).toMatchObject({ kind: "unknown" });
      await recover(posted());
      const { parties, accounts, batches, transactions } = oracle.simulator.ledger();
      const isCustomer = posted().kind === "customer";
      expect([parties.length, accounts.length]).toEqual(isCustomer ? [2, 2] : [1, 1]);
      expect(batches).toHaveLength(posted().kind === "journal" ? 1 : 0);
      expect(transactions.map(({ number }) => number)).toEqual(
        { invoice: ["N-1"], "credit-memo": ["N-1", "C-1"], customer: [], journal: [] }[posted().kind],
      );
      const applied = transactions.filter(({ isMemo }) => isMemo).flatMap(({ applications }) => applications);
      expect(applied.map(({ amount }) => amount)).toEqual(posted().kind === "credit-memo" ? ["127.73"] : []);
    });
});

describe("faults", () => {
  beforeEach(async () => {
    await oracle.post(command(customer()));
  });

  it("a slow answer: unknown after the deadline", async () => {
    oracle.open({ deadlineMs: 300 });
    oracle.simulator.fault({ kind: "slow", ms: 2_000 }, { times: 1, path: "/receivablesInvoices" });
    const plan = oracle.sink.plan(command(invoice()));
    expect(await faultOf(oracle.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    oracle.open();
    await recover(command(invoice()));
  });

  it("errors of the server: nothing is known of a write, a read is asked again; 503 did nothing", async () => {
    const path = "/receivablesInvoices";
    const plan = oracle.sink.plan(command(invoice()));
    oracle.simulator.fault({ kind: "server-error-after-commit", status: 500 }, { times: 1, path });
    expect(await faultOf(oracle.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    oracle.simulator.fault({ kind: "server-error", status: 502 }, { times: 1, path });
    expect(await faultOf(oracle.sink.lookUp(plan, context()))).toMatchObject({ kind: "transient" });
    oracle.simulator.fault({ kind: "server-error", status: 503 }, { times: 1, path });
    expect(await faultOf(oracle.post(command(invoice({ number: "N-2" }))))).toMatchObject({
      kind: "transient",
    });
    await recover(command(invoice()));
  });

  it("too much: throttled, for as long as Oracle says", async () => {
    oracle.simulator.fault({ kind: "throttle-storm", ms: 60_000, retryAfterSeconds: 7 });
    expect(await faultOf(oracle.post(command(invoice())))).toMatchObject({
      kind: "throttle",
      retryAfterMs: 7_000,
    });
    oracle.simulator.control({ do: "clear-faults" });
    await recover(command(invoice()));
  });

  it("what was just made is not seen: looked for again, and completed", async () => {
    oracle.simulator.control({ do: "set-lag", ms: 200 });
    const plan = oracle.sink.plan(command(invoice()));
    // The completion does not find it yet.
    expect(await faultOf(oracle.sink.submit(plan, context()))).toMatchObject({ kind: "version-conflict" });
    expect(await oracle.sink.lookUp(plan, context())).toEqual([]);
    // Nor does the next try, and Oracle says that the number is taken.
    expect(await faultOf(oracle.sink.submit(plan, context(2)))).toMatchObject({ kind: "duplicate" });
    oracle.simulator.control({ do: "set-lag", ms: 0 });
    await recover(command(invoice()));
    expect(oracle.simulator.ledger().transactions).toHaveLength(1);
  });

  it("a closed period: held, whether Oracle refuses it or would move it", async () => {
    await oracle.post(command(invoice()));
    const august = { issueDate: "2026-08-31", dueDate: "2026-09-30", number: "N-8" };
    oracle.simulator.control({ do: "close-period", month: "2026-08" });
    for (const rule of ["Reject", "Adjust"] as const) {
      oracle.simulator.control({ do: "period-rule", rule });
      expect(await faultOf(oracle.post(command(invoice(august))))).toMatchObject({ kind: "period-closed" });
      expect(await faultOf(oracle.post(memo({ ...august, number: "C-8" })))).toMatchObject({
        kind: "period-closed",
        code: "closing-status-C",
      });
      expect(await faultOf(oracle.post(command(journal({ date: "2026-08-31" }))))).toMatchObject({
        kind: "period-closed",
      });
    }
    expect(oracle.simulator.ledger().transactions).toHaveLength(1);
    expect(oracle.simulator.ledger().jobs).toHaveLength(0);
    oracle.simulator.control({ do: "open-period", month: "2026-08" });
    for (const posted of [command(invoice(august)), memo({ ...august, number: "C-8" })])
      await oracle.expectAsPlanned((await oracle.post(posted)).plan);
  });

  it("a period that closes before the completion: held, and completed when it opens", async () => {
    oracle.simulator.fault({ kind: "lost-before-commit" }, { times: 1, method: "PATCH" });
    await faultOf(oracle.post(command(invoice())));
    oracle.simulator.control({ do: "close-period", month: "2026-06" });
    expect(await faultOf(oracle.post(command(invoice()), 2))).toMatchObject({ kind: "period-closed" });
    oracle.simulator.control({ do: "open-period", month: "2026-06" });
    await recover(command(invoice()));
  });

  it("what the mapping names and Oracle doesn't have: mapping", async () => {
    const broken: Readonly<Record<string, object>> = {
      business_unit: {
        legal_entity: { north: { ...REFERENCES.legal_entity?.["north"], business_unit: "None" } },
      },
      transaction_source: {
        legal_entity: { north: { ...REFERENCES.legal_entity?.["north"], transaction_source: "None" } },
      },
      invoice_type: {
        legal_entity: { north: { ...REFERENCES.legal_entity?.["north"], invoice_type: "None" } },
      },
      currency: { currency: { USD: { code: "CHF" } } },
      memo_line: { item: { api: { memo_line: "None" } } },
      combination: { item: { api: { memo_line: "Usage", combination: "01-000-9999-0000" } } },
      tax: { tax: { "ca-state": { regime: "US SALES TAX", rate_code: "NONE" } } },
      terms: { terms: { "30": { name: "None" } } },
    };
    for (const [name, references] of Object.entries(broken)) {
      const posted = command(invoice(), { references: { ...REFERENCES, ...references } });
      expect([name, (await faultOf(oracle.post(posted))).kind]).toEqual([name, "mapping"]);
    }
    expect(oracle.simulator.ledger().transactions).toEqual([]);
    oracle.simulator.control({ do: "deactivate-memo-line", name: "Usage" });
    expect(await faultOf(oracle.post(command(invoice())))).toMatchObject({
      kind: "mapping",
      code: "AR_MEMO_LINE_NOT_FOUND",
    });
  });

  it("a customer that is not there (yet): looked at again", async () => {
    expect(await faultOf(oracle.post(command(invoice({ customer: "nobody" }))))).toMatchObject({
      kind: "version-conflict",
      code: "AR_BILL_TO_CUST_NOT_FOUND",
    });
  });

  it("a missing privilege: permission", async () => {
    oracle.simulator.control({ do: "revoke-permission", path: "/receivablesInvoices" });
    expect(await faultOf(oracle.post(command(invoice())))).toMatchObject({ kind: "permission" });
  });

  it("a row that somebody else changes: version-conflict", async () => {
    oracle.simulator.fault({ kind: "record-changed" }, { times: 1, method: "PATCH" });
    expect(await faultOf(oracle.post(command(invoice())))).toMatchObject({
      kind: "version-conflict",
      code: "JBO-25014",
    });
    await recover(command(invoice()));
  });

  it("a source system that isn't registered, a profile class that isn't there: validation", async () => {
    const setup = {
      sourceSystem: "TRIBUTARY",
      profileClass: "None",
      importAccount: "",
      invoiceImportAccount: "",
    };
    oracle.open({ setup });
    const other = command(customer({ customer: "other" }));
    expect(await faultOf(oracle.post(other))).toMatchObject({ kind: "validation", code: "HZ-120121" });
    oracle.open({ setup: { ...setup, sourceSystem: "None" } });
    expect(await faultOf(oracle.post(other))).toMatchObject({ kind: "validation", code: "HZ-120559" });
    oracle.open();
    await recover(other);
  });

  it("a request that arrives twice: one document", async () => {
    oracle.simulator.fault({ kind: "duplicate-delivery" }, { rate: 1, notPath: "/erpintegrations" });
    for (const posted of [command(customer({ customer: "twice" })), command(invoice()), memo()])
      await oracle.expectAsPlanned((await oracle.post(posted)).plan);
    const { accounts, transactions } = oracle.simulator.ledger();
    expect(accounts).toHaveLength(2);
    expect(transactions.map(({ number }) => number)).toEqual(["N-1", "C-1"]);
  });

  it("an incomplete memo that is not as planned: somebody has to delete it", async () => {
    oracle.simulator.fault({ kind: "lost-before-commit" }, { times: 1, method: "PATCH" });
    await faultOf(oracle.post(command(memo().document)));
    oracle.simulator.control({ do: "edit-amount", number: "C-1", amount: "-1" });
    const fault = await faultOf(oracle.post(command(memo().document), 2));
    expect(fault).toMatchObject({ kind: "validation", code: "draft-differs" });
    expect(fault.message).toContain("Delete it there");
  });

  it("an incomplete invoice that is not as planned: replaced", async () => {
    oracle.simulator.fault({ kind: "lost-before-commit" }, { times: 1, method: "PATCH" });
    await faultOf(oracle.post(command(invoice())));
    oracle.simulator.control({ do: "edit-amount", number: "N-1", amount: "1" });
    await recover(command(invoice()));
    expect(oracle.simulator.find("N-1")?.total).toBe("127.73");
  });

  it("nobody listens: nothing was sent", async () => {
    oracle.open({ url: await unusedAddress() });
    expect(await faultOf(oracle.post(command(journal())))).toMatchObject({ kind: "transient" });
  });

  it("tells each request with its outcome, for metrics", async () => {
    oracle.open();
    await oracle.post(command(invoice()));
    oracle.simulator.fault(
      { kind: "lost-before-commit" },
      { times: 1, method: "POST", path: "/receivablesInvoices" },
    );
    await faultOf(oracle.post(command(invoice({ number: "N-2", lines: [line()] }))));
    expect(oracle.seen).toEqual([
      { operation: "look-up-customer", outcome: "answered" },
      { operation: "submit-invoice", outcome: "answered" },
      { operation: "complete-invoice", outcome: "answered" },
      { operation: "submit-invoice", outcome: "unknown" },
    ]);
  });
});

describe("credentials", () => {
  const oauth = {
    kind: "oauth",
    clientId: OAUTH.clientId,
    clientSecret: OAUTH.clientSecret,
    scope: OAUTH.scope,
  } as const;

  it("by OAuth: a token once, and another when it has ended", async () => {
    oracle.open({ authentication: { ...oauth, tokenUrl: `${oracle.simulator.url}/oauth2/v1/token` } });
    await Promise.all([
      oracle.post(command(customer())),
      oracle.post(command(customer({ customer: "other" }))),
    ]);
    const tokens = (): number => oracle.simulator.ledger().tokenRequests;
    expect(tokens()).toBe(1);
    oracle.simulator.control({ do: "expire-tokens" });
    await oracle.post(command(invoice()));
    expect(tokens()).toBe(2);
    oracle.simulator.fault({ kind: "token-expiry" }, { times: 1, method: "PATCH" });
    await oracle.expectAsPlanned((await oracle.post(command(invoice({ number: "N-2" })))).plan);
    expect(tokens()).toBe(3);
    expect(oracle.simulator.ledger().transactions).toHaveLength(2);
  });

  it("by a signed assertion of a user", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const user = {
      issuer: "tributary.example",
      username: "integration",
      certificateThumbprint: "x".repeat(27),
    };
    await oracle.restart({
      credentials: {
        jwt: { ...user, publicKey: publicKey.export({ type: "spki", format: "pem" }).toString() },
      },
    });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    oracle.open({ authentication: { kind: "jwt", ...user, privateKey: pem } });
    await oracle.expectAsPlanned((await oracle.post(command(customer()))).plan);
    oracle.open({ authentication: { kind: "jwt", ...user, username: "nobody", privateKey: pem } });
    expect(await faultOf(oracle.post(command(invoice())))).toMatchObject({ kind: "authentication" });
    oracle.open({ authentication: { kind: "jwt", ...user, privateKey: "no key" } });
    expect(await faultOf(oracle.post(command(invoice())))).toMatchObject({ code: "private-key-unusable" });
  });

  it("that are refused say so, and never what they are", async () => {
    oracle.open({
      authentication: {
        ...oauth,
        clientSecret: "wrong-secret",
        tokenUrl: `${oracle.simulator.url}/oauth2/v1/token`,
      },
    });
    const byToken = await faultOf(oracle.post(command(customer())));
    expect(byToken).toMatchObject({ kind: "authentication", code: "invalid_client" });
    oracle.open({ authentication: { kind: "basic", username: BASIC.username, password: "wrong-password" } });
    const byPassword = await faultOf(oracle.post(command(customer())));
    expect(byPassword).toMatchObject({ kind: "authentication" });
    expect(JSON.stringify([byToken, byToken.message, byPassword, byPassword.message])).not.toMatch(/wrong-/);
  });
});
