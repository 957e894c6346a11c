import { XMLParser, XMLValidator } from "fast-xml-parser";
import { z } from "zod";
import { DropFault, equalAmounts, requireDecimal, sumOf, type DropDocument } from "./document.ts";

/** An IDoc's control record, as far as a receiver looks at it. */
export interface IdocControl {
  readonly number: string;
  readonly sender: string;
}

const text = z.string();
const day = z.string().regex(/^\d{8}$/);
const list = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (value === undefined || value === "" ? [] : Array.isArray(value) ? value : [value]),
    z.array(item),
  );
const CONTROL = z.object({
  TABNAM: z.literal("EDI_DC40"),
  MANDT: z.string().regex(/^\d{3}$/),
  DOCNUM: z.string().regex(/^\d{16}$/),
  DIRECT: z.literal("2"),
  IDOCTYP: text,
  MESTYP: text,
  SNDPOR: text,
  SNDPRT: z.literal("LS"),
  SNDPRN: text,
  RCVPOR: text,
  RCVPRT: z.literal("LS"),
  RCVPRN: text,
  CREDAT: day,
  CRETIM: z.string().regex(/^\d{6}$/),
});
const INVOICE = z.object({
  EDI_DC40: CONTROL,
  E1EDK01: z.object({ CURCY: text, BSART: z.enum(["INVO", "CRME"]), BELNR: text, FKTYP: z.enum(["L", "G"]) }),
  E1EDKA1: list(z.object({ PARVW: text, PARTN: text })),
  E1EDK02: list(z.object({ QUALF: text, BELNR: text })),
  E1EDK03: list(z.object({ IDDAT: text, DATUM: day })),
  E1EDP01: list(
    z.object({
      POSEX: z.string().regex(/^\d{6}$/),
      MENGE: text,
      E1EDP26: z.object({ QUALF: z.literal("003"), BETRG: text }),
      E1EDP04: list(z.object({ MWSKZ: text, MSATZ: text, MWSBT: text })),
      E1EDP19: z.object({ QUALF: z.literal("002"), IDTNR: text }),
    }),
  ),
  E1EDS01: list(z.object({ SUMID: text, SUMME: text, WAERQ: text })),
});
const JOURNAL = z.object({
  EDI_DC40: CONTROL,
  E1FIKPF: z.object({
    BUKRS: text,
    BLDAT: day,
    BUDAT: day,
    WAERS: text,
    SUMDB: text,
    E1FISEG: list(
      z.object({
        BUZEI: z.string().regex(/^\d{3}$/),
        SHKZG: z.enum(["S", "H"]),
        HKONT: text,
        WRBTR: text,
      }),
    ),
  }),
});

/** A document as an IDoc in XML: INVOIC02 or FIDCCP02. Throws DropFault. */
export function readIdocDocument(xml: string): {
  readonly document: DropDocument;
  readonly control: IdocControl;
} {
  const isWellFormed = XMLValidator.validate(xml);
  if (isWellFormed !== true) throw new DropFault("XML", isWellFormed.err.msg);
  const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, ignoreDeclaration: true });
  const root: Readonly<Record<string, { readonly IDOC?: unknown } | undefined>> = parser.parse(xml);
  const [first] = Object.entries(root);
  const [type, body] = first ?? ["", undefined];
  if (type === "INVOIC02") return invoiceOf(parsed(INVOICE, body?.IDOC, type, "INVOIC"));
  if (type === "FIDCCP02") return journalOf(parsed(JOURNAL, body?.IDOC, type, "FIDCC2"));
  throw new DropFault("IDOC", `no type of IDoc that is known here: ${type}`);
}

function parsed<Shape extends z.ZodType<{ readonly EDI_DC40: z.output<typeof CONTROL> }>>(
  shape: Shape,
  value: unknown,
  type: string,
  message: string,
): z.output<Shape> {
  const { success, data, error } = shape.safeParse(value);
  if (!success) throw new DropFault("IDOC", z.prettifyError(error));
  if (data.EDI_DC40.IDOCTYP !== type || data.EDI_DC40.MESTYP !== message)
    throw new DropFault("IDOC", "the control record is of another type");
  return data;
}

const controlOf = ({ DOCNUM, SNDPRN }: z.output<typeof CONTROL>): IdocControl => ({
  number: DOCNUM,
  sender: SNDPRN,
});
const dashed = (compact: string): string =>
  `${compact.slice(0, 4)}-${compact.slice(4, 6)}-${compact.slice(6, 8)}`;

function invoiceOf(idoc: z.output<typeof INVOICE>): ReturnType<typeof readIdocDocument> {
  const { E1EDK01: head, E1EDP01: items } = idoc;
  if ((head.BSART === "CRME") !== (head.FKTYP === "G"))
    throw new DropFault("IDOC", "BSART and FKTYP contradict each other");
  const sum = (id: string): string => {
    const found = idoc.E1EDS01.filter(({ SUMID }) => SUMID === id);
    if (found.length !== 1) throw new DropFault("IDOC", `there must be one sum ${id}`);
    requireDecimal(found[0]?.SUMME ?? "", `sum ${id}`);
    return found[0]?.SUMME ?? "";
  };
  const [net, tax, total] = [sum("010"), sum("005"), sum("011")];
  if (!equalAmounts(total, sumOf([net, tax]))) throw new DropFault("TOTALS", "the total is not net and tax");
  const partner = (role: string): string => idoc.E1EDKA1.find(({ PARVW }) => PARVW === role)?.PARTN ?? "";
  return {
    control: controlOf(idoc.EDI_DC40),
    document: {
      kind: head.BSART === "CRME" ? "credit-memo" : "invoice",
      externalId: null,
      number: head.BELNR,
      legalEntity: partner("RS"),
      customer: partner("RE"),
      currency: head.CURCY,
      date: dashed(idoc.E1EDK03.find(({ IDDAT }) => IDDAT === "026")?.DATUM ?? ""),
      net,
      tax,
      lines: items.map(({ POSEX, E1EDP26: amount, E1EDP04: taxes, E1EDP19: item }) => ({
        line: POSEX,
        item: item.IDTNR,
        account: "",
        net: amount.BETRG,
        tax: sumOf(taxes.map(({ MWSBT }) => MWSBT)),
        debit: "",
        credit: "",
      })),
      rows: items.length,
    },
  };
}

function journalOf(idoc: z.output<typeof JOURNAL>): ReturnType<typeof readIdocDocument> {
  const { E1FIKPF: head } = idoc;
  const lines = head.E1FISEG.map(({ BUZEI, SHKZG, HKONT, WRBTR }) => ({
    line: BUZEI,
    item: "",
    account: HKONT,
    net: "",
    tax: "",
    debit: SHKZG === "S" ? WRBTR : "",
    credit: SHKZG === "H" ? WRBTR : "",
  }));
  requireDecimal(head.SUMDB, "SUMDB");
  if (!equalAmounts(head.SUMDB, sumOf(lines.map(({ debit }) => debit))))
    throw new DropFault("TOTALS", "SUMDB is not the sum of the debits");
  return {
    control: controlOf(idoc.EDI_DC40),
    document: {
      kind: "journal",
      externalId: null,
      number: "",
      legalEntity: head.BUKRS,
      customer: "",
      currency: head.WAERS,
      date: dashed(head.BUDAT),
      net: "",
      tax: "",
      lines,
      rows: lines.length,
    },
  };
}
