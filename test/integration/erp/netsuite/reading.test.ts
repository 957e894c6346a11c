import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";

import { batchContext, context, unusedAddress } from "../../../support/erp/sink-requests.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import {
  command,
  customer,
  invoice,
  journal,
  REFERENCES,
} from "../../../unit/erp/netsuite/netsuite-fixture.ts";
import { Bookkeeping } from "./account-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

describe("scan", () => {
  it("finds what was changed since a day, with the prefix, of all kinds", async () => {
    const posted: { readonly plan: PlannedPosting; readonly id: string }[] = [];
    for (const each of [command(customer()), command(invoice()), command(journal())])
      posted.push(await books.post(each));
    books.simulator.control({ do: "pay", invoice: posted[1]!.plan.externalId });
    const today = new Date().toISOString().slice(0, 10);
    const found = new Map<string, string>();
    for await (const page of books.sink.scan(today, context()))
      for (const { externalId, erp } of page) found.set(externalId, erp.id);
    expect(found).toEqual(new Map(posted.map(({ plan, id }) => [plan.externalId, id])));
    const tomorrow = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
    for await (const page of books.sink.scan(tomorrow, context())) expect(page).toEqual([]);
  });

  it("reads more than a page", async () => {
    books.open();
    await books.post(command(customer()));
    books.open({ isAsynchronous: true });
    for (let batch = 0; batch < 11; batch++) {
      const plans = Array.from({ length: 100 }, (_, index) =>
        books.sink.plan(command(invoice({ number: `N-${batch}-${index}` }))),
      );
      const answers = await books.sink.submitBatch(plans, batchContext(plans));
      const [first] = answers;
      if (first?.status !== "accepted") throw new Error("it was not accepted");
      const { handle } = first;
      await waitUntil(
        "the document is there",
        async () => (await books.sink.poll(plans[0]!, handle, context())).status === "confirmed",
      );
    }
    const sizes: number[] = [];
    for await (const page of books.sink.scan("2026-01-01", context())) sizes.push(page.length);
    expect(sizes).toEqual([1_000, 100, 1]);
  });
});

describe("payments", () => {
  it("are read with the documents", async () => {
    await books.post(command(customer()));
    const { plan } = await books.post(command(invoice()));
    const status = async (): Promise<unknown> => (await books.sink.readBack([plan], context()))[0]?.payment;
    expect(await status()).toEqual({ status: "open", openAmount: "127.73" });
    books.simulator.control({ do: "pay", invoice: plan.externalId, amount: "0.73" });
    expect(await status()).toEqual({ status: "partly-paid", openAmount: "127" });
    books.simulator.control({ do: "pay", invoice: plan.externalId });
    expect(await status()).toEqual({ status: "paid", openAmount: "0" });
    const other = await books.post(command(invoice({ number: "N-2" })));
    books.simulator.control({ do: "void", type: "invoice", record: other.plan.externalId });
    const voided = { status: "void", openAmount: "0" };
    expect((await books.sink.readBack([other.plan], context()))[0]?.payment).toEqual(voided);
    expect((await books.sink.lookUp(other.plan, context()))[0]?.payment).toEqual(voided);
  });

  it("show what somebody has changed", async () => {
    await books.post(command(customer()));
    const { plan } = await books.post(command(invoice()));
    books.simulator.control({ do: "edit-amount", type: "invoice", record: plan.externalId, amount: "121" });
    const [found] = await books.sink.readBack([plan], context());
    expect(found?.document.lines).toEqual([{ reference: "86", amount: "121" }]);
  });
});

describe("check", () => {
  const kinds = ["customer", "invoice", "credit-memo", "journal"] as const;

  it("finds nothing where all is well", async () => {
    expect(await books.sink.check(kinds, context(), REFERENCES)).toEqual([]);
  });

  it("says that the credentials are wrong", async () => {
    books.open({
      authentication: {
        kind: "token",
        consumerKey: "consumer-key",
        consumerSecret: "wrong",
        tokenId: "token-id",
        tokenSecret: "wrong",
      },
    });
    const findings = await books.sink.check(kinds, context());
    expect(findings).toMatchObject([{ problem: "credentials" }]);
    expect(findings[0]?.message).not.toContain("wrong");
  });

  it("says which permission is missing", async () => {
    books.simulator.control({ do: "revoke-permission", permission: "Transactions -> Make Journal Entry" });
    books.simulator.control({ do: "revoke-permission", permission: "Reports -> SuiteAnalytics Workbook" });
    const findings = await books.sink.check(kinds, context(), REFERENCES);
    expect(findings.map(({ problem }) => problem)).toContain("permission");
    expect(findings[0]?.message).toContain('"Transactions > Make Journal Entry"');
  });

  it("says which ids don't exist or are inactive", async () => {
    books.simulator.control({ do: "deactivate", type: "serviceSaleItem", id: "86" });
    const references = {
      ...REFERENCES,
      account: { revenue: { id: "999" } },
      dimension: { "team=x": { field: "department", id: "99" } },
    };
    const findings = await books.sink.check(kinds, context(), references);
    expect(findings.map(({ message }) => message).sort()).toEqual([
      "The account with the id 999 does not exist in NetSuite (mapping table account, key revenue).",
      "The department with the id 99 does not exist in NetSuite (mapping table dimension, key team=x).",
      "The item with the id 86 is inactive in NetSuite (mapping table item, key api).",
    ]);
  });

  it("says that the account can't be reached", async () => {
    books.open({ url: await unusedAddress() });
    expect(await books.sink.check(kinds, context())).toMatchObject([{ problem: "unreachable" }]);
  });
});
