import {
  array,
  assert as assertProperty,
  boolean,
  constantFrom,
  integer,
  property,
  record,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { sumDecimals } from "../../../../src/model/exact-sum.ts";
import type { MappedReferences, PostedInvoice, PostingCommand } from "../../../../src/model/posting.ts";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import { externalIdOf, externalIdPrefix } from "../../../../src/sinks/erp/sap-s4hana/external-id.ts";
import { journalMessage } from "../../../../src/sinks/erp/sap-s4hana/journal-message.ts";
import { isJournalEntryPlan, type JournalEntryPlan } from "../../../../src/sinks/erp/sap-s4hana/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/sap-s4hana/plan-command.ts";
import { command, CONTEXT, invoice, line, PREFIX, REFERENCES, SETTINGS } from "./sap-fixture.ts";

function planned(posted: PostingCommand, context = CONTEXT): JournalEntryPlan {
  const plan = planCommand(posted, context);
  if (!isJournalEntryPlan(plan)) throw new Error("it is no document");
  return plan;
}

function faultOf(posted: PostingCommand): ErpFault {
  try {
    planCommand(posted, CONTEXT);
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
  throw new Error("there was no fault");
}

const [tax] = line().taxes;
const amountsOf = ({ request: { debtor, items, taxes } }: JournalEntryPlan): readonly string[] => [
  ...(debtor === null ? [] : [debtor.amount]),
  ...items.map(({ amount }) => amount),
  ...taxes.map(({ amount }) => amount),
];

describe("a request", () => {
  it("has all elements in the order of the schema", () => {
    const dimensions = { region: "west", team: "sales" };
    const plan = planned(command(invoice({ lines: [line({ dimensions, description: `"A" & <b>\u0000` })] })));
    const entry = { plan, debtor: "1000123", invoiceKey: null };
    const reference = plan.externalId;
    const header = (id: string) =>
      `<MessageHeader><ID>${id}</ID><CreationDateTime>2026-07-01T00:00:00.000Z</CreationDateTime></MessageHeader>`;
    const messageId = `${reference}-1`;
    expect(journalMessage([{ entry, messageId }], "2026-07-01T00:00:00.000Z")).toBe(
      '<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sfin="http://sap.com/xi/SAPSCORE/SFIN">' +
        `<soapenv:Body><sfin:JournalEntryBulkCreateRequest>${header(`B-${messageId}`)}<JournalEntryCreateRequest>${header(messageId)}<JournalEntry>` +
        "<OriginalReferenceDocumentType>BKPFF</OriginalReferenceDocumentType><BusinessTransactionType>RFBU</BusinessTransactionType>" +
        `<AccountingDocumentType>DR</AccountingDocumentType><DocumentReferenceID>${reference}</DocumentReferenceID><DocumentHeaderText>N-1</DocumentHeaderText>` +
        "<CreatedByUser>TRIBUTARY</CreatedByUser><CompanyCode>1710</CompanyCode><DocumentDate>2026-06-30</DocumentDate><PostingDate>2026-06-30</PostingDate>" +
        "<TaxDeterminationDate>2026-06-30</TaxDeterminationDate>" +
        '<Item><ReferenceDocumentItem>2</ReferenceDocumentItem><GLAccount>41000000</GLAccount><AmountInTransactionCurrency currencyCode="USD">-120.5</AmountInTransactionCurrency>' +
        "<DebitCreditCode>H</DebitCreditCode><DocumentItemText>&quot;A&quot; &amp; &lt;b&gt; (quantity 1204331)</DocumentItemText><Tax><TaxCode>U1</TaxCode></Tax>" +
        "<AccountAssignment><CostCenter>17101101</CostCenter><ProfitCenter>YB110</ProfitCenter></AccountAssignment></Item>" +
        '<DebtorItem><ReferenceDocumentItem>1</ReferenceDocumentItem><Debtor>1000123</Debtor><AmountInTransactionCurrency currencyCode="USD">127.73</AmountInTransactionCurrency>' +
        `<DebitCreditCode>S</DebitCreditCode><AssignmentReference>${reference}</AssignmentReference>` +
        "<CashDiscountTerms><DueCalculationBaseDate>2026-06-30</DueCalculationBaseDate><NetPaymentDays>30</NetPaymentDays></CashDiscountTerms></DebtorItem>" +
        '<ProductTaxItem><TaxCode>U1</TaxCode><AmountInTransactionCurrency currencyCode="USD">-7.23</AmountInTransactionCurrency><DebitCreditCode>H</DebitCreditCode>' +
        '<TaxBaseAmountInTransCrcy currencyCode="USD">-120.5</TaxBaseAmountInTransCrcy></ProductTaxItem>' +
        "</JournalEntry></JournalEntryCreateRequest></sfin:JournalEntryBulkCreateRequest></soapenv:Body></soapenv:Envelope>",
    );
  });

  it("of a memo has all signs turned, and names its invoice", () => {
    const corrects = { key: "invoice:north:N-1", number: "N-1" };
    const posted = command(invoice({ kind: "credit-memo", number: "C-1", corrects }), {
      after: ["customer:north:acme", "invoice:north:N-1"],
    });
    const plan = planned(posted);
    expect(amountsOf(plan)).toEqual(["-127.73", "120.5", "7.23"]);
    expect(plan.request).toMatchObject({
      documentType: "DG",
      appliesTo: { externalId: externalIdOf(PREFIX, "invoice:north:N-1"), mustExist: true },
    });
    expect(plan.expected).toMatchObject({ total: "127.73", tax: "7.23", lines: [{ amount: "120.5" }] });
    const unapplied = { ...CONTEXT, settings: { ...SETTINGS, appliesCreditMemos: false } };
    expect(planned(posted, unapplied).request.appliesTo).toBeNull();
    const message = journalMessage(
      [{ entry: { plan, debtor: "1", invoiceKey: "180000000017102026" }, messageId: "M" }],
      "2026-07-01T00:00:00Z",
    );
    expect(message).toContain(
      "</TaxDeterminationDate><InvoiceReferenceDocument>180000000017102026</InvoiceReferenceDocument><Item>",
    );
  });

  it("has the due date as days, or as a day where these don't fit", () => {
    const due = (dueDate: string) => planned(command(invoice({ dueDate }))).request.debtor;
    expect(due("2026-06-30")).toMatchObject({ dueBaseDate: "2026-06-30", netPaymentDays: 0 });
    expect(due("2029-03-25")).toMatchObject({ dueBaseDate: "2026-06-30", netPaymentDays: 999 });
    expect(due("2029-03-26")).toMatchObject({ dueBaseDate: "2029-03-26", netPaymentDays: 0 });
    expect(due("2026-06-01")).toMatchObject({ dueBaseDate: "2026-06-01", netPaymentDays: 0 });
  });

  it("cuts what is for people, the quantity last", () => {
    const long = line({ description: "x".repeat(200) });
    const { request } = planned(command(invoice({ number: "N-".padEnd(60, "0"), lines: [long] })));
    expect(request.headerText).toHaveLength(25);
    expect(request.items[0]?.text).toBe(`${"x".repeat(31)} (quantity 1204331)`);
  });
});

describe("taxes", () => {
  it("of a line without any have the code of the item's row, or none", () => {
    const untaxed = invoice({ lines: [line({ tax: "0", taxes: [] })], tax: "0", total: "120.50" });
    expect(planned(command(untaxed)).request.taxes).toEqual([]);
    const references: MappedReferences = { ...REFERENCES, item: { api: { account: "1", tax_code: "A0" } } };
    expect(planned(command(untaxed, { references })).request.taxes).toEqual([
      { code: "A0", classification: null, conditionType: null, amount: "0", baseAmount: "-120.5" },
    ]);
  });

  it("of a line may not be of two codes", () => {
    const taxes = [
      { ...tax!, amount: "7" },
      { ...tax!, key: "ca-district", amount: "0.23" },
    ];
    expect(faultOf(command(invoice({ lines: [line({ taxes })] })))).toMatchObject({
      kind: "mapping",
      code: "tax-codes-differ",
    });
  });
});

describe("what can't be said is a fault", () => {
  const rows = (changes: MappedReferences): Partial<PostingCommand> => ({
    references: { ...REFERENCES, ...changes },
  });
  it.each([
    ["no company code", rows({ legal_entity: {} }), "mapping"],
    ["no currency", rows({ currency: {} }), "mapping"],
    ["no account", rows({ item: {} }), "mapping"],
    ["no tax code", rows({ tax: {} }), "mapping"],
    ["what is no company code", rows({ legal_entity: { north: { id: "17100" } } }), "mapping"],
    ["what is no account", rows({ item: { api: { account: "41 000" } } }), "mapping"],
    ["what is no tax code", rows({ tax: { "ca-state": { code: "U10" } } }), "mapping"],
    ["what is no customer", rows({ customer: { acme: { id: "x" } } }), "mapping"],
    ["what is no day", rows({ period: { "2026-06": { posting_date: "2026-06-31" } } }), "mapping"],
  ] as const)("%s", (_, changes, kind) => {
    expect(faultOf(command(invoice(), changes)).kind).toBe(kind);
  });

  it("sums that don't add up", () => {
    expect(faultOf(command(invoice({ total: "127.74" }))).kind).toBe("validation");
  });

  it("amounts that SAP can't hold", () => {
    const of = (net: string) =>
      command(invoice({ lines: [line({ net, tax: "0", taxes: [] })], net, tax: "0", total: net }));
    expect(faultOf(of("0.0001")).kind).toBe("validation");
    expect(faultOf(of("12345678901234")).kind).toBe("validation");
    expect(amountsOf(planned(of("1234567890123.99")))).toEqual(["1234567890123.99", "-1234567890123.99"]);
  });

  it("more items than a document has", () => {
    const of = (count: number) =>
      command(
        invoice({
          lines: Array.from({ length: count }, (_, n) =>
            line({ line: n + 1, net: "1", tax: "0", taxes: [] }),
          ),
          net: String(count),
          tax: "0",
          total: String(count),
        }),
      );
    expect(planned(of(998)).request.items).toHaveLength(998);
    expect(faultOf(of(999)).kind).toBe("validation");
  });

  it("a dimension that an item has no field for", () => {
    const dimension = { "region=west": { field: "department", id: "1" } };
    const posted = command(
      invoice({ lines: [line({ dimensions: { region: "west" } })] }),
      rows({ dimension }),
    );
    expect(faultOf(posted)).toMatchObject({ kind: "mapping", code: "mapping-unusable" });
  });
});

it("what is sent balances, and comes to the document's total and tax, whatever its lines are", () => {
  const cents = (max: number) => integer({ min: -max, max }).map((n) => (n / 100).toFixed(2));
  const documents = record({
    isMemo: boolean(),
    lines: array(
      record({
        net: cents(10 ** 9),
        taxes: array(record({ key: constantFrom("ca-district", "ca-county"), amount: cents(10 ** 7) }), {
          maxLength: 3,
        }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  }).map(({ isMemo, lines }): PostedInvoice => {
    const posted = lines.map(({ net, taxes }, index) =>
      line({
        line: index + 1,
        net,
        tax: sumDecimals(taxes.map(({ amount }) => amount)),
        taxes: taxes.map(({ key, amount }) => ({ ...tax!, key, amount, basis: net })),
      }),
    );
    const net = sumDecimals(posted.map((each) => each.net));
    const taxSum = sumDecimals(posted.map((each) => each.tax));
    return invoice({
      kind: isMemo ? "credit-memo" : "invoice",
      lines: posted,
      net,
      tax: taxSum,
      total: sumDecimals([net, taxSum]),
    });
  });
  assertProperty(
    property(documents, (document) => {
      const plan = planned(command(document));
      expect(sumDecimals(amountsOf(plan))).toBe("0");
      const sign = document.kind === "invoice" ? "" : "-";
      const signed = (text: string) => sumDecimals([`${sign}${text}`.replace("--", "")]);
      expect(sumDecimals([plan.request.debtor?.amount ?? ""])).toBe(signed(document.total));
      expect(sumDecimals(plan.expected.lines.map(({ amount }) => amount))).toBe(sumDecimals([document.net]));
    }),
  );
});

describe("external ids", () => {
  it("have sixteen characters that SAP keeps as they are, begin with their connection's mark, and differ", () => {
    const ids = new Set<string>();
    for (const prefix of ["tributary-", "trb-", "TRB-", "x", "ümr", "a.b:c_d-e"])
      for (let n = 0; n < 500; n++) {
        const id = externalIdOf(prefix, `invoice:north:N-${n}`);
        expect(id).toMatch(/^[A-Z0-9-]{16}$/);
        expect(id.startsWith(externalIdPrefix(prefix))).toBe(true);
        expect(externalIdPrefix(prefix)).toHaveLength(4);
        ids.add(id);
      }
    expect(ids.size).toBe(3_000);
    expect(externalIdPrefix("trb-")).toBe("TRB-");
  });

  it("never change", () => {
    expect(externalIdOf("umr-", "invoice:north:N-1")).toBe("UMR-DQ7OVKNSI7HN");
    expect(externalIdOf("tributary-", "customer:north:acme")).toBe("TRIWZG27P7GO4STQ");
  });
});
