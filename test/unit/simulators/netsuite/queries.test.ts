import { beforeEach, describe, expect, it } from "vitest";
import { invoiceOf, journalOf, useSimulator } from "./netsuite-client.ts";

const used = useSimulator();

let customer = "";
beforeEach(async () => {
  customer = await used.client.customer();
  await used.client.put("/record/v1/invoice/eid:acme-invoice:1", invoiceOf(customer));
  await used.client.put("/record/v1/invoice/eid:acme-invoice:2", invoiceOf(customer, { memo: "o'clock" }));
  const invoice = used.simulator.find("invoice", "acme-invoice:1");
  await used.client.put(
    "/record/v1/creditMemo/eid:acme-memo:1",
    invoiceOf(customer, {
      dueDate: undefined,
      apply: { items: [{ doc: { id: invoice?.id }, apply: true, amount: 43.4 }] },
    }),
  );
  await used.client.put("/record/v1/journalEntry/eid:acme-journal:1", journalOf());
});

describe("SuiteQL", () => {
  it("gives texts by names in lower case, dates as the account shows them, and leaves out what is empty", async () => {
    const rows = await used.client.rows(
      "SELECT ID, tranid, ExternalId, type, status, trandate, duedate, foreigntotal, foreignamountunpaid, memo, BUILTIN.DF(status) AS shown FROM transaction WHERE type = 'CustInvc' AND externalid IN ('acme-invoice:1', 'acme-invoice:2') ORDER BY externalid",
    );
    expect(rows).toEqual([
      {
        id: used.simulator.find("invoice", "acme-invoice:1")?.id,
        tranid: "INV1",
        externalid: "acme-invoice:1",
        type: "CustInvc",
        status: "A",
        trandate: "6/30/2026",
        duedate: "7/30/2026",
        foreigntotal: "143.4",
        foreignamountunpaid: "100",
        shown: "Invoice : Open",
      },
      expect.objectContaining({ memo: "o'clock", foreignamountunpaid: "143.4" }),
    ]);
  });

  it("has lines with the signs of a ledger: items of an invoice negative, of a memo positive", async () => {
    const lines = async (type: string): Promise<unknown> =>
      used.client.rows(
        `SELECT tl.id, tl.mainline, tl.taxline, tl.item, tl.foreignamount, tl.quantity FROM transaction t INNER JOIN transactionline tl ON tl.transaction = t.id WHERE t.externalid = '${type}' ORDER BY tl.id`,
      );
    expect(await lines("acme-invoice:1")).toEqual([
      { id: "0", mainline: "T", taxline: "F", foreignamount: "143.4" },
      { id: "1", mainline: "F", taxline: "F", item: "86", foreignamount: "-120.5", quantity: "-1" },
      { id: "2", mainline: "F", taxline: "T", foreignamount: "-22.9" },
    ]);
    expect(await lines("acme-memo:1")).toMatchObject([
      { foreignamount: "-143.4" },
      { foreignamount: "120.5" },
      { foreignamount: "22.9" },
    ]);
    expect(
      await used.client.rows(
        "SELECT foreigntotal, foreignpaymentamountunused FROM transaction WHERE type = 'CustCred'",
      ),
    ).toEqual([{ foreigntotal: "-143.4", foreignpaymentamountunused: "100" }]);
  });

  it("has lines of journals with their accounts", async () => {
    expect(
      await used.client.rows(
        "SELECT l.expenseaccount, a.account, a.debit, a.credit, l.foreignamount FROM transactionline l JOIN transactionaccountingline a ON a.transaction = l.transaction WHERE l.transaction = '0' OR a.debit = 300",
      ),
    ).toHaveLength(2);
    expect(
      await used.client.rows(
        "SELECT expenseaccount, foreignamount, subsidiary FROM transactionline WHERE expenseaccount IS NOT NULL ORDER BY foreignamount DESC",
      ),
    ).toEqual([
      { expenseaccount: "119", foreignamount: "300", subsidiary: "1" },
      { expenseaccount: "54", foreignamount: "-300", subsidiary: "1" },
    ]);
  });

  it.each([
    ["externalid LIKE 'acme-invoice:%'", 2],
    ["externalid LIKE 'acme_invoice:_'", 2],
    ["externalid LIKE 'acme\\_invoice:%' ESCAPE '\\'", 0],
    ["externalid LIKE 'ACME%'", 0],
    ["externalid NOT LIKE 'acme-invoice:%'", 2],
    ["memo = 'o''clock'", 1],
    ["foreigntotal > 143.3 AND foreigntotal <= 143.40", 2],
    ["trandate >= TO_DATE('2026-06-30', 'YYYY-MM-DD')", 4],
    ["trandate >= '7/1/2026'", 0],
    ["lastmodifieddate >= TO_TIMESTAMP('2026-01-01 00:00:00', 'YYYY-MM-DD HH24:MI:SS')", 4],
    ["type <> 'CustInvc' AND (type = 'Journal' OR type = 'CustCred')", 2],
    ["duedate IS NULL", 2],
    ["entity NOT IN (1, 2)", 3],
    ["type IN ('CustInvc') AND voided = 'F'", 2],
  ])("finds %s: %i", async (condition, found) => {
    expect(await used.client.rows(`SELECT id FROM transaction WHERE ${condition}`)).toHaveLength(found);
  });

  it("has customers, and lists with what is inactive", async () => {
    expect(await used.client.rows("SELECT id, companyname, isinactive FROM customer")).toEqual([
      { id: customer, companyname: "Acme", isinactive: "F" },
    ]);
    used.simulator.control({ do: "deactivate", type: "serviceSaleItem", id: "87" });
    expect(await used.client.rows("SELECT id, isinactive FROM item WHERE id IN (86, 87, 9999)")).toEqual([
      { id: "86", isinactive: "F" },
      { id: "87", isinactive: "T" },
    ]);
    used.simulator.control({ do: "close-period", period: "121" });
    expect(
      await used.client.rows("SELECT id, closed FROM accountingperiod WHERE startdate = '6/1/2026'"),
    ).toEqual([{ id: "121", closed: "T" }]);
  });

  it("gives pages, whose offset is a multiple of their limit", async () => {
    const q = "SELECT id FROM transaction ORDER BY id";
    const first = await used.client.query(q, "?limit=3&offset=0");
    expect(first.body).toMatchObject({ count: 3, hasMore: true, offset: 0, totalResults: 4 });
    const last = await used.client.query(q, "?limit=3&offset=3");
    expect(last.body).toMatchObject({ count: 1, hasMore: false, offset: 3, totalResults: 4 });
    for (const parameters of ["?limit=3&offset=2", "?limit=1001", "?limit=0", "?limit=x", "?page=1"])
      expect((await used.client.query(q, parameters)).code).toBe("INVALID_PARAMETER");
  });

  it.each([
    ["SELECT * FROM transaction", "Invalid or unsupported search"],
    ["SELECT COUNT(id) FROM transaction", "Invalid or unsupported search"],
    ["SELECT id FROM transaction GROUP BY id", "Invalid or unsupported search"],
    ["SELECT id FROM transaction; DROP TABLE transaction", "Invalid or unsupported search"],
    ["DELETE FROM transaction", "Invalid or unsupported search"],
    ["SELECT id FROM transaction WHERE id = ?", "Invalid or unsupported search"],
    ["SELECT id FROM transaction WHERE memo = 'o'clock'", "Invalid or unsupported search"],
    ["SELECT subsidiary FROM transaction", "Unknown identifier 'subsidiary'"],
    ["SELECT id FROM invoice", "Record 'invoice' was not found"],
    ["SELECT id FROM transaction WHERE id = 'x'", "invalid number"],
    ["SELECT id FROM transaction WHERE trandate >= '2026-06-30'", "date format"],
    [
      "SELECT id FROM transaction t JOIN transactionline l ON l.transaction = t.id",
      "Field 'id' is ambiguous",
    ],
    [
      `SELECT id FROM transaction WHERE id IN (${Array.from({ length: 1_001 }, (_, index) => index).join(",")})`,
      "maximum number of expressions in a list is 1000",
    ],
  ])("refuses %s", async (q, reason) => {
    const reply = await used.client.query(q);
    expect([reply.status, reply.code]).toEqual([400, "INVALID_PARAMETER"]);
    expect(reply.detail).toContain(reason);
    expect(reply.detail).toMatch(/^Invalid search query\. /);
  });

  it("wants its header, its property and its permission", async () => {
    const body = { q: "SELECT id FROM transaction" };
    const path = "/query/v1/suiteql";
    expect((await used.client.post(path, body)).path).toBe("Prefer");
    const prefer = { prefer: "transient" };
    expect((await used.client.post(path, { query: body.q }, prefer)).code).toBe("INVALID_CONTENT");
    expect((await used.client.call("GET", path, undefined, prefer)).status).toBe(405);
    used.simulator.control({ do: "revoke-permission", permission: "Reports -> SuiteAnalytics Workbook" });
    expect((await used.client.post(path, body, prefer)).code).toBe("INSUFFICIENT_PERMISSION");
  });
});

describe("collections", () => {
  const count = async (q: string): Promise<unknown> => {
    const reply = await used.client.call("GET", `/record/v1/invoice?q=${encodeURIComponent(q)}`);
    return reply.status === 200 ? reply.body["totalResults"] : reply.code;
  };

  it.each<[string, unknown]>([
    ['externalId IS "acme-invoice:1"', 1],
    ['externalId START_WITH "ACME-"', 2],
    ['externalId START_WITH_NOT "acme-"', 0],
    ['memo CONTAIN "clock" AND total GREATER 100', 1],
    ['(memo EMPTY) OR externalId END_WITH ":2"', 2],
    ["amountRemaining EQUAL 100", 1],
    ['tranDate ON_OR_AFTER "6/30/2026" AND tranDate BEFORE "7/1/2026"', 2],
    ['currency ANY_OF ["4", "5"]', 2],
    ['externalId EQUAL "x"', "INVALID_PARAMETER"],
    ['exId IS "x"', "INVALID_PARAMETER"],
    ["externalId IS", "INVALID_PARAMETER"],
    ['tranDate ON "2026-06-30"', "INVALID_PARAMETER"],
  ])("are filtered by %s", async (q, found) => {
    expect(await count(q)).toEqual(found);
  });

  it("give ids in pages", async () => {
    const reply = await used.client.call("GET", "/record/v1/invoice?limit=1&offset=1");
    const id = used.simulator.find("invoice", "acme-invoice:2")?.id;
    expect(reply.body).toMatchObject({
      count: 1,
      hasMore: false,
      offset: 1,
      totalResults: 2,
      items: [{ id }],
    });
    const accounts = await used.client.call("GET", "/record/v1/account");
    expect(accounts.body["count"]).toBe(8);
    expect((await used.client.call("GET", "/record/v1/servicesaleitem/86")).body["isInactive"]).toBe(false);
    expect((await used.client.call("GET", "/record/v1/accountingperiod/121")).body["periodName"]).toBe(
      "Jun 2026",
    );
    expect((await used.client.call("GET", "/record/v1/account/1")).code).toBe("NONEXISTENT_ID");
  });
});
