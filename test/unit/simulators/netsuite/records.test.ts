import { describe, expect, it } from "vitest";
import { sampleAccount } from "../../../simulators/netsuite/account.ts";
import { NetSuiteSimulator } from "../../../simulators/netsuite/simulator.ts";
import { Client, CUSTOMER, invoiceOf, TOKEN, useSimulator } from "./netsuite-client.ts";

const used = useSimulator();

/** An invoice without tax, of one line. */
const untaxed = (customer: string, line: object = {}, changes: object = {}): object =>
  invoiceOf(customer, {
    taxDetailsOverride: undefined,
    taxDetails: undefined,
    item: { items: [{ item: { id: "86" }, amount: 10, ...line }] },
    ...changes,
  });

describe("answers", () => {
  it("make a record by PUT eid: 204, no body, the id in the location only; again updates it", async () => {
    const path = "/record/v1/customer/eid:acme-customer:c1";
    const first = await used.client.put(path, CUSTOMER);
    expect([first.status, first.body]).toEqual([204, {}]);
    expect(first.headers.get("location")).toBe(
      `${used.simulator.url}/services/rest/record/v1/customer/${first.id}`,
    );
    const again = await used.client.put(path, { ...CUSTOMER, companyName: "Acme Corp" });
    expect(again.id).toBe(first.id);
    const stored = used.simulator.find("customer", "acme-customer:c1");
    expect(stored).toMatchObject({ commits: 2, fields: { companyName: "Acme Corp", entityId: "CUST1" } });
  });

  it("read by id and external id, sublists as links unless they are expanded, types in any case", async () => {
    const customer = await used.client.customer();
    const { id } = await used.client.put("/record/v1/INVOICE/eid:acme-invoice:1", invoiceOf(customer));
    const links = await used.client.call("GET", `/record/v1/invoice/${id}`);
    expect(links.body["item"]).toEqual({
      links: [{ rel: "self", href: `${used.simulator.url}/services/rest/record/v1/invoice/${id}/item` }],
    });
    const full = await used.client.call(
      "GET",
      "/record/v1/invoice/eid:acme-invoice:1?expandSubResources=true",
    );
    expect(full.body).toMatchObject({
      id,
      externalId: "acme-invoice:1",
      tranId: "INV1",
      status: { id: "Open", refName: "Open" },
      entity: { id: customer, refName: "Acme" },
      currency: { id: "4", refName: "Euro" },
      subtotal: 120.5,
      taxTotal: 22.9,
      total: 143.4,
      amountRemaining: 143.4,
      amountPaid: 0,
      postingPeriod: { id: "121", refName: "Jun 2026" },
      item: {
        items: [{ item: { id: "86", refName: "API calls" }, amount: 120.5, line: 1 }],
        totalResults: 1,
      },
    });
    const some = await used.client.call("GET", `/record/v1/invoice/${id}?fields=total&simpleEnumFormat=true`);
    expect(Object.keys(some.body).toSorted()).toEqual(["id", "links", "total"]);
  });

  it("say what is wrong with a resource, a method, a parameter or a header", async () => {
    const { client } = used;
    expect(await client.call("GET", "/record/v1/invoice/eid:none")).toMatchObject({
      status: 404,
      code: "NONEXISTENT_ID",
      body: { title: "Not Found", status: 404 },
    });
    expect((await client.call("GET", "/record/v1/ledger")).detail).toBe(
      "Record type 'ledger' does not exist.",
    );
    expect((await client.call("PUT", "/record/v1/invoice/5", {})).status).toBe(405);
    expect((await client.call("DELETE", "/record/v1/invoice/5")).status).toBe(405);
    expect((await client.put("/record/v1/account/54", {})).status).toBe(405);
    expect(await client.put("/record/v1/invoice/eid:1?replace=items", {})).toMatchObject({
      code: "INVALID_PARAMETER",
      path: "replace",
    });
    expect((await client.call("GET", "/record/v1/invoice?expand=true")).code).toBe("INVALID_PARAMETER");
    expect((await client.post("/record/v1/invoice", "{")).code).toBe("INVALID_CONTENT");
    const text = await client.post("/record/v1/invoice", {}, { "content-type": "text/plain" });
    expect([text.status, text.path]).toEqual([415, "Content-Type"]);
    const loose = { "x-netsuite-propertynamevalidation": "None" };
    expect((await client.post("/record/v1/invoice", {}, loose)).code).toBe("INVALID_HEADER");
  });

  it("keep external ids unique in a type of records", async () => {
    const customer = await used.client.customer();
    await used.client.post("/record/v1/invoice", untaxed(customer, {}, { externalId: "acme-invoice:1" }));
    const again = await used.client.post(
      "/record/v1/invoice",
      untaxed(customer, {}, { externalId: "acme-invoice:1" }),
    );
    expect(again).toMatchObject({ status: 400, code: "USER_ERROR" });
    expect(again.detail).toContain("This record already exists");
    const person = await used.client.post("/record/v1/customer", {
      ...CUSTOMER,
      externalId: "acme-customer:c1",
    });
    expect(person.detail).toContain("This entity already exists.");
    const other = await used.client.put("/record/v1/invoice/eid:a", { externalId: "b" });
    expect(other.path).toBe("externalId");
    expect(used.simulator.ledger().records).toHaveLength(2);
  });
});

describe("an update", () => {
  it("adds lines unless the sublist is replaced: a blind repetition doubles an invoice", async () => {
    const customer = await used.client.customer();
    const path = "/record/v1/invoice/eid:acme-invoice:1";
    await used.client.put(path, untaxed(customer));
    await used.client.put(path, untaxed(customer));
    expect(used.simulator.find("invoice", "acme-invoice:1")).toMatchObject({ total: "20", commits: 2 });
    await used.client.put(`${path}?replace=item`, untaxed(customer));
    expect(used.simulator.find("invoice", "acme-invoice:1")).toMatchObject({ total: "10", commits: 3 });
  });

  it("changes the line that it names, and replaces tax details with their lines", async () => {
    const customer = await used.client.customer();
    const path = "/record/v1/invoice/eid:acme-invoice:1";
    await used.client.put(path, invoiceOf(customer));
    await used.client.put(`${path}?replace=item`, invoiceOf(customer));
    expect(used.simulator.find("invoice", "acme-invoice:1")).toMatchObject({
      total: "143.4",
      taxTotal: "22.9",
    });
    const line = { items: [{ line: 1, amount: 100 }] };
    expect((await used.client.call("PATCH", path, { item: line })).status).toBe(204);
    expect(used.simulator.find("invoice", "acme-invoice:1")).toMatchObject({ total: "122.9", commits: 3 });
    expect((await used.client.call("PATCH", "/record/v1/invoice/eid:none", {})).status).toBe(404);
  });
});

describe("a body", () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ["a property that does not exist", { tranDates: "2026-06-30" }, "tranDates"],
    ["a property of a line that does not exist", { item: { items: [{ itm: {} }] } }, "item.items[0].itm"],
    ["a custom field that does not exist", { custbody_none: "1" }, "custbody_none"],
    ["a text for a number", { item: { items: [{ amount: "10" }] } }, "item.items[0].amount"],
    ["a number for a text", { memo: 1 }, "memo"],
    ["a text for a flag", { taxDetailsOverride: "T" }, "taxDetailsOverride"],
    ["a date in another form", { tranDate: "6/30/2026" }, "tranDate"],
    ["a day that does not exist", { tranDate: "2026-02-30" }, "tranDate"],
    ["a reference as a text", { currency: "4" }, "currency"],
    ["a sublist as a list", { item: [] }, "item"],
    ["a memo that is too long", { memo: "x".repeat(1_000) }, "memo"],
    ["a rate of nine digits", { item: { items: [{ rate: 0.123456789 }] } }, "item.items[0].rate"],
    ["a quantity that is too large", { item: { items: [{ quantity: 1e10 }] } }, "item.items[0].quantity"],
  ])("is refused for %s", async (_what, changes, path) => {
    const customer = await used.client.customer();
    const reply = await used.client.post("/record/v1/invoice", invoiceOf(customer, changes));
    expect(reply).toMatchObject({ status: 400, code: "INVALID_CONTENT", path });
    expect(used.simulator.ledger().records).toHaveLength(1);
  });

  it("may have properties that do not exist where the header says so, and custom fields that do", async () => {
    const customer = await used.client.customer();
    const body = untaxed(
      customer,
      { custcol_usage_quantity: "12.5" },
      { custbody_usage_document: "d1", no: 1 },
    );
    const headers = { "x-netsuite-propertynamevalidation": "Ignore" };
    expect((await used.client.post("/record/v1/invoice", body, headers)).status).toBe(204);
    expect(await used.client.rows("SELECT custbody_usage_document FROM transaction")).toEqual([
      { custbody_usage_document: "d1" },
    ]);
  });

  it.each<[string, string, Readonly<Record<string, unknown>>]>([
    ["entity", "entity", { entity: { id: "1" } }],
    ["subsidiary of another customer", "subsidiary", { subsidiary: { id: "1" } }],
    ["currency that the customer has not", "currency", { currency: { id: "1" } }],
    ["department of another subsidiary", "department", { department: { id: "7" } }],
    ["terms", "terms", { terms: { id: "9" } }],
    ["period", "postingPeriod", { postingPeriod: { id: "999" } }],
    ["item", "item.items[0].item", { item: { items: [{ item: { id: "9999" }, amount: 1 }] } }],
    ["class", "item.items[0].class", { item: { items: [{ class: { id: "9" }, amount: 1 }] } }],
  ])("is refused for a reference that does not exist or fit: %s", async (_what, path, changes) => {
    const customer = await used.client.customer();
    const reply = await used.client.post("/record/v1/invoice", invoiceOf(customer, changes));
    expect(reply).toMatchObject({ status: 400, code: "INVALID_CONTENT", path });
    expect(reply.detail).toMatch(/^Error while accessing resource: You have entered an Invalid Field Value /);
  });

  it("may name records by their external ids", async () => {
    await used.client.customer();
    const body = untaxed("", {}, { entity: { externalId: "acme-customer:c1" } });
    expect((await used.client.post("/record/v1/invoice", body)).status).toBe(204);
  });

  it("is refused for what is inactive, and for what the role may not do", async () => {
    const customer = await used.client.customer();
    used.simulator.control({ do: "deactivate", type: "serviceSaleItem", id: "86" });
    const inactive = await used.client.post("/record/v1/invoice", invoiceOf(customer));
    expect([inactive.code, inactive.path]).toEqual(["INVALID_CONTENT", "item.items[0].item"]);
    used.simulator.control({ do: "activate", type: "serviceSaleItem", id: "86" });
    used.simulator.control({ do: "revoke-permission", permission: "Transactions -> Invoice" });
    const refused = await used.client.post("/record/v1/invoice", invoiceOf(customer));
    expect([refused.status, refused.code]).toEqual([400, "INSUFFICIENT_PERMISSION"]);
    used.simulator.control({ do: "grant-permission", permission: "Transactions -> Invoice" });
    expect((await used.client.post("/record/v1/invoice", invoiceOf(customer))).status).toBe(204);
  });
});

describe("a document", () => {
  it.each<[string, object, RegExp]>([
    ["without a customer", { entity: undefined }, /must enter a value for Customer/],
    ["without lines", { item: { items: [] } }, /at least one line item/],
    ["with a line without an item", { item: { items: [{ amount: 1 }] } }, /must enter a value for Item/],
    ["without an amount", { item: { items: [{ item: { id: "86" } }] } }, /must enter a value for Amount/],
    ["that is due before its date", { dueDate: "2026-06-29" }, /due date must not be before/],
    ["below zero", { item: { items: [{ item: { id: "89" }, amount: -1 }] } }, /can not be negative/],
    ["of a year without periods", { tranDate: "2035-01-01", dueDate: "2035-01-01" }, /no accounting period/],
  ])("is refused %s", async (_what, changes, detail) => {
    const customer = await used.client.customer();
    const reply = await used.client.post("/record/v1/invoice", untaxed(customer, {}, changes));
    expect(reply).toMatchObject({ status: 400, code: "USER_ERROR" });
    expect(reply.detail).toMatch(detail);
  });

  it("has amounts of its currency's digits, and of quantity × rate where there is no amount", async () => {
    const yen = await used.client.customer({ subsidiary: { id: "3" }, currency: { id: "5" } });
    const changes = { subsidiary: { id: "3" }, currency: { id: "5" } };
    const cents = await used.client.post("/record/v1/invoice", untaxed(yen, { amount: 10.5 }, changes));
    expect([cents.code, cents.path]).toEqual(["INVALID_CONTENT", "item.items[0].amount"]);
    const line = { amount: undefined, quantity: 3, rate: 0.83333333 };
    await used.client.put("/record/v1/invoice/eid:y1", untaxed(yen, line, changes));
    // 2.49999999, in whole yen.
    expect(used.simulator.find("invoice", "y1")?.total).toBe("2");
  });

  it("has other currencies of the customer, and amounts that say other than quantity × rate", async () => {
    const customer = await used.client.customer({ currencyList: { items: [{ currency: { id: "6" } }] } });
    const line = { quantity: 7, rate: 1, amount: 10.125 };
    const reply = await used.client.put(
      "/record/v1/invoice/eid:k1",
      untaxed(customer, line, { currency: { id: "6" } }),
    );
    expect(reply.status).toBe(204);
    expect(used.simulator.find("invoice", "k1")?.total).toBe("10.125");
  });

  it("is refused in a closed period, when it is made and when it is changed", async () => {
    const customer = await used.client.customer();
    await used.client.put("/record/v1/invoice/eid:1", untaxed(customer));
    used.simulator.control({ do: "close-period", period: "Jun 2026" });
    const closed = /clos(ed|ing).*period|period.*(closed|locked)/i;
    const made = await used.client.put("/record/v1/invoice/eid:2", untaxed(customer));
    expect(made.code).toBe("USER_ERROR");
    expect(made.detail).toMatch(closed);
    const moved = { memo: "later", tranDate: "2026-07-01" };
    expect((await used.client.call("PATCH", "/record/v1/invoice/eid:1", moved)).detail).toMatch(closed);
    const next = untaxed(customer, {}, { postingPeriod: { id: "122" } });
    const later = "/record/v1/invoice/eid:2?replace=item";
    expect((await used.client.put(later, next)).status).toBe(204);
    expect((await used.client.put(later, next)).status).toBe(204);
    expect((await used.client.call("PATCH", "/record/v1/invoice/eid:2", { memo: "again" })).status).toBe(204);
    expect(used.simulator.find("invoice", "2")?.fields["postingPeriod"]).toBe("122");
    used.simulator.control({ do: "open-period", period: "121" });
    expect((await used.client.put("/record/v1/invoice/eid:3", untaxed(customer))).status).toBe(204);
  });
});

describe("taxes", () => {
  const detail = {
    taxType: { id: "8" },
    taxCode: { id: "21" },
    taxRate: 19,
    taxBasis: 120.5,
    taxAmount: 22.9,
  };

  it.each<[string, Readonly<Record<string, unknown>>, string, string]>([
    ["override", { taxDetailsOverride: false }, "USER_ERROR", "taxDetails.items[0]"],
    [
      "reference",
      { taxDetails: { items: [{ ...detail, taxDetailsReference: "L2" }] } },
      "INVALID_CONTENT",
      "taxDetails.items[0].taxDetailsReference",
    ],
    [
      "code of another type",
      { taxDetails: { items: [{ ...detail, taxDetailsReference: "L1", taxCode: { id: "22" } }] } },
      "INVALID_CONTENT",
      "taxDetails.items[0].taxCode",
    ],
    [
      "amount",
      { taxDetails: { items: [{ ...detail, taxDetailsReference: "L1", taxAmount: undefined }] } },
      "USER_ERROR",
      "taxDetails.items[0].taxAmount",
    ],
    [
      "digits",
      { taxDetails: { items: [{ ...detail, taxDetailsReference: "L1", taxAmount: 22.895 }] } },
      "INVALID_CONTENT",
      "taxDetails.items[0].taxAmount",
    ],
    [
      "legacy tax",
      { item: { items: [{ item: { id: "86" }, taxCode: { id: "21" } }] } },
      "INVALID_CONTENT",
      "item.items[0].taxCode",
    ],
  ])("are refused for their %s", async (_what, changes, code, path) => {
    const customer = await used.client.customer();
    const reply = await used.client.post("/record/v1/invoice", invoiceOf(customer, changes));
    expect([reply.status, reply.code, reply.path]).toEqual([400, code, path]);
  });

  it("are worked out by the ERP itself where nobody overrides them", async () => {
    const automaticTax = { taxType: "8", taxCode: "21", percent: "19" };
    const simulator = await NetSuiteSimulator.start({
      token: TOKEN,
      account: sampleAccount({ automaticTax }),
    });
    const client = new Client(simulator);
    const customer = await client.customer();
    await client.put("/record/v1/invoice/eid:1", untaxed(customer, { amount: 120.5 }));
    await client.put("/record/v1/invoice/eid:2", untaxed(customer, {}, { taxDetailsOverride: true }));
    expect(simulator.find("invoice", "1")).toMatchObject({ taxTotal: "22.9", total: "143.4" });
    expect(simulator.find("invoice", "2")?.total).toBe("10");
    await simulator.close();
  });

  it("can't be sent to an account without SuiteTax, nor numbers to one that does not allow them", async () => {
    const account = sampleAccount({ hasSuiteTax: false, allowsDocumentNumbers: false });
    const simulator = await NetSuiteSimulator.start({ token: TOKEN, account });
    const client = new Client(simulator);
    const customer = await client.customer();
    expect((await client.post("/record/v1/invoice", invoiceOf(customer))).path).toBe("taxDetails");
    const numbered = await client.post("/record/v1/invoice", untaxed(customer, {}, { tranId: "R-1" }));
    expect([numbered.code, numbered.path]).toEqual(["USER_ERROR", "tranId"]);
    expect((await client.post("/record/v1/invoice", untaxed(customer))).status).toBe(204);
    await simulator.close();
  });
});

describe("a customer", () => {
  it.each<[string, Readonly<Record<string, unknown>>, string, string]>([
    ["name", { companyName: undefined }, "USER_ERROR", "companyName"],
    ["subsidiary", { subsidiary: undefined }, "USER_ERROR", "subsidiary"],
    ["address of mail", { email: "nobody" }, "INVALID_CONTENT", "email"],
    ["length of the name", { companyName: "x".repeat(84) }, "INVALID_CONTENT", "companyName"],
    [
      "length of a city",
      { addressBook: { items: [{ addressBookAddress: { city: "x".repeat(51) } }] } },
      "INVALID_CONTENT",
      "addressBook.items[0].addressBookAddress.city",
    ],
    [
      "country",
      { addressBook: { items: [{ addressBookAddress: { country: { id: "Germany" } } }] } },
      "INVALID_CONTENT",
      "addressBook.items[0].addressBookAddress.country",
    ],
  ])("is refused for its %s", async (_what, changes, code, path) => {
    const reply = await used.client.post("/record/v1/customer", { ...CUSTOMER, ...changes });
    expect([reply.status, reply.code, reply.path]).toEqual([400, code, path]);
  });

  it("keeps its number for itself, and its subsidiary and currency once it has documents", async () => {
    const customer = await used.client.customer();
    const twin = await used.client.post("/record/v1/customer", { ...CUSTOMER, entityId: "CUST1" });
    expect(twin.detail).toContain("This entity already exists.");
    await used.client.post("/record/v1/invoice", untaxed(customer));
    const moved = { subsidiary: { id: "1" } };
    const reply = await used.client.call("PATCH", `/record/v1/customer/${customer}`, moved);
    expect([reply.code, reply.path]).toEqual(["USER_ERROR", "subsidiary"]);
  });

  it("gets its addresses twice where they are sent twice and not replaced", async () => {
    const addressBook = { items: [{ addressBookAddress: { addr1: "Street 1", country: { id: "DE" } } }] };
    await used.client.customer({ addressBook });
    await used.client.customer({ addressBook });
    expect(used.simulator.find("customer", "acme-customer:c1")?.sublists["addressBook"]).toHaveLength(2);
    await used.client.put("/record/v1/customer/eid:acme-customer:c1?replace=addressBook", { addressBook });
    expect(used.simulator.find("customer", "acme-customer:c1")?.sublists["addressBook"]).toHaveLength(1);
  });
});
