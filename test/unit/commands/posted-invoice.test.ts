import { expect, test } from "vitest";
import type { PublishedDocument, PublishedLine } from "../../../src/billing/invoices/billing-document.ts";
import { mappingKeys } from "../../../src/billing/posting/mapping-keys.ts";
import { invoiceKey, postedInvoice } from "../../../src/billing/posting/posted-invoice.ts";

const LINE: PublishedLine = {
  line: 1,
  kind: "usage",
  product: "api",
  meter: "calls",
  price: "plan@1/calls",
  description: "API",
  quantity: "1204331.5",
  amount: "120.00",
  discount: "10.00",
  tax: "17.56",
  taxCode: null,
  taxes: [{ name: "VAT", jurisdiction: "DE", percent: "19", amount: "17.56" }],
  taxNote: null,
  periodStart: "2026-02-28T23:00:00.000Z",
  periodEnd: "2026-03-31T22:00:00.000Z",
  adjusts: null,
  dimensions: { team: "core", region: "eu" },
};

const DOCUMENT: PublishedDocument = {
  id: "C:1",
  kind: "invoice",
  status: "final",
  number: "DE-000042",
  legalEntity: "de",
  customer: "acme",
  account: "acme-main",
  contract: "C",
  currency: "EUR",
  issueDate: "2026-04-02",
  dueDate: "2026-05-02",
  periodStart: LINE.periodStart,
  periodEnd: LINE.periodEnd,
  lines: [LINE],
  subtotal: "120.00",
  discounts: "10.00",
  tax: "17.56",
  taxIncluded: true,
  credits: "30.00",
  total: "80.00",
  catalogVersion: "v",
};

const CONTRACT = { dimensions: {}, timeZone: "Europe/Berlin" };

test("a line is net of its share of the discounts and of a tax that its amount includes; credits are a line", () => {
  const posted = postedInvoice(DOCUMENT, { ...CONTRACT, dimensions: { region: "us" } }, null);
  expect(posted).toMatchObject({
    number: "DE-000042",
    net: "62.44",
    tax: "17.56",
    total: "80.00",
    corrects: null,
  });
  expect(posted.lines).toMatchObject([
    {
      line: 1,
      item: "api",
      quantity: "1204331.5",
      net: "92.44",
      tax: "17.56",
      taxes: [{ key: "DE:VAT:19", basis: "92.44", amount: "17.56" }],
    },
    {
      line: 2,
      kind: "credits",
      item: "credits",
      net: "-30.00",
      tax: "0.00",
      quantity: null,
      dimensions: { region: "us" },
    },
  ]);
  expect(invoiceKey(posted)).toBe("invoice:de:DE-000042");
});

test("a tax that comes on top leaves the line as it is", () => {
  const { lines, net } = postedInvoice(
    { ...DOCUMENT, taxIncluded: false, credits: "0.00", total: "127.56" },
    CONTRACT,
    null,
  );
  expect([net, lines.length, lines[0]?.net]).toEqual(["110.00", 1, "110.00"]);
});

test("a credit memo says what it gives back in positive amounts, the credits that it restores apart", () => {
  const memo: PublishedDocument = {
    ...DOCUMENT,
    kind: "credit-memo",
    number: "DE-000043",
    lines: [
      {
        ...LINE,
        amount: "-120.00",
        discount: "-10.00",
        tax: "-17.56",
        taxes: [{ name: "VAT", jurisdiction: "DE", percent: "19", amount: "-17.56" }],
        adjusts: "DE-000042",
      },
    ],
    subtotal: "-120.00",
    discounts: "-10.00",
    tax: "-17.56",
    credits: "-30.00",
    total: "-80.00",
    corrects: { document: "C:1", number: "DE-000042", kind: "void", reason: "wrong plan" },
  };
  const posted = postedInvoice(memo, CONTRACT, { key: "invoice:de:DE-000042", number: "DE-000042" });
  expect(posted).toMatchObject({
    net: "62.44",
    tax: "17.56",
    total: "80.00",
    memo: "Credit memo DE-000043 of invoice DE-000042, contract C",
  });
  expect(posted.lines.map(({ net }) => net)).toEqual(["92.44", "-30.00"]);
  expect(posted.lines[0]).toMatchObject({ tax: "17.56", taxes: [{ amount: "17.56", basis: "92.44" }] });
});

test("currencies keep their own digits", () => {
  const yen = {
    ...DOCUMENT,
    currency: "JPY",
    lines: [{ ...LINE, amount: "1200", discount: "0", tax: "0", taxes: [] }],
    subtotal: "1200",
    discounts: "0",
    tax: "0",
    credits: "200",
    total: "1000",
  };
  const posted = postedInvoice(yen, CONTRACT, null);
  expect([posted.net, posted.tax, posted.total]).toEqual(["1000", "0", "1000"]);
  expect(posted.lines.map(({ net, tax }) => [net, tax])).toEqual([
    ["1200", "0"],
    ["-200", "0"],
  ]);
});

test("service periods are days of the contract's time zone; a day that is covered in part belongs to them", () => {
  const days = (periodStart: string, periodEnd: string) => {
    const { lines } = postedInvoice(
      { ...DOCUMENT, lines: [{ ...LINE, periodStart, periodEnd }] },
      CONTRACT,
      null,
    );
    return [lines[0]?.periodStart, lines[0]?.periodEnd];
  };
  expect(days(LINE.periodStart, LINE.periodEnd)).toEqual(["2026-03-01", "2026-04-01"]);
  expect(days(LINE.periodStart, "2026-03-17T11:00:00.000Z")).toEqual(["2026-03-01", "2026-03-18"]);
  // What a contract that ended before takes back of a period.
  expect(days(LINE.periodStart, LINE.periodStart)).toEqual(["2026-03-01", "2026-03-01"]);
});

test("an invoice's canonical keys are named once each", () => {
  const posted = postedInvoice(
    { ...DOCUMENT, lines: [LINE, { ...LINE, line: 2 }] },
    { ...CONTRACT, dimensions: { region: "us" } },
    null,
  );
  expect(mappingKeys(posted, 30)).toEqual({
    customer: ["acme"],
    item: ["api", "credits"],
    tax: ["DE:VAT:19"],
    account: ["receivable", "tax-payable", "credits"],
    dimension: ["team=core", "region=eu", "region=us"],
    period: ["2026-04"],
    currency: ["EUR"],
    legal_entity: ["de"],
    terms: ["30"],
  });
});
