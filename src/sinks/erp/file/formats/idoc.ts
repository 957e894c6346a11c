import { XMLBuilder } from "fast-xml-parser";
import type { PostedInvoice, PostedJournal, PostingCommand } from "../../../../model/posting.ts";
import { singleLineText } from "../../common/text.ts";
import { ErpFault } from "../../erp-sink.ts";
import { mapped, mappedDimensions } from "../mapped.ts";
import { debitSum } from "../totals.ts";
import type { FileFormat } from "./format.ts";

/** Partners of the control record: who sends and who receives, as the receiver has set them up. */
export interface IdocPartners {
  readonly senderPort: string;
  readonly senderPartner: string;
  readonly receiverPort: string;
  readonly receiverPartner: string;
  /** Client of the receiving system. */
  readonly client: string;
}

/** Digits of an IDoc's number. */
const DOCUMENT_NUMBER_DIGITS = 16;
/** Longest text of a segment's field. */
const MAX_TEXT = 70;

type Segment = Readonly<Record<string, unknown>>;

/**
 * XML of an IDoc: INVOIC02 for invoices and credit memos, FIDCCP02 for journals. The receiver recognises one that comes again by sender and
 * number (SNDPRN, DOCNUM), so the number follows from the external id.
 */
export function idoc(partners: IdocPartners): FileFormat {
  return {
    name: "idoc",
    extension: ".xml",
    render(command, externalId) {
      const { document } = command;
      if (document.kind === "customer")
        throw new ErpFault(
          "validation",
          "customers are not sent as IDocs: leave the kind out of the connection",
          {
            code: "kind-not-supported",
          },
        );
      const [type, message, segments, rows] =
        document.kind === "journal"
          ? (["FIDCCP02", "FIDCC2", journalSegments(command, document), document.lines.length] as const)
          : (["INVOIC02", "INVOIC", invoiceSegments(command, document), document.lines.length] as const);
      const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@", format: true });
      const text: unknown = builder.build({
        "?xml": { "@version": "1.0", "@encoding": "UTF-8" },
        [type]: {
          IDOC: {
            "@BEGIN": "1",
            EDI_DC40: control(type, message, externalId, command, partners),
            ...segments,
          },
        },
      });
      return { text: String(text), rows };
    },
  };
}

/** Number of the IDoc: of the external id, so that what is sent again has the same. */
export function idocNumber(externalId: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(externalId))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return (hash % 10n ** BigInt(DOCUMENT_NUMBER_DIGITS)).toString().padStart(DOCUMENT_NUMBER_DIGITS, "0");
}

function control(
  type: string,
  message: string,
  externalId: string,
  command: PostingCommand,
  partners: IdocPartners,
): Segment {
  return {
    "@SEGMENT": "1",
    TABNAM: "EDI_DC40",
    MANDT: partners.client,
    DOCNUM: idocNumber(externalId),
    // 2: the receiver takes it in.
    DIRECT: "2",
    IDOCTYP: type,
    MESTYP: message,
    SNDPOR: partners.senderPort,
    SNDPRT: "LS",
    SNDPRN: partners.senderPartner,
    RCVPOR: partners.receiverPort,
    RCVPRT: "LS",
    RCVPRN: partners.receiverPartner,
    // The document's own day: a file that is made again is the same.
    CREDAT: compact(dateOf(command)),
    CRETIM: "000000",
  };
}

function dateOf({ document }: PostingCommand): string {
  return document.kind === "journal" ? document.date : document.kind === "customer" ? "" : document.issueDate;
}

function invoiceSegments({ references }: PostingCommand, document: PostedInvoice): Segment {
  const currency = mapped(references, "currency", document.currency);
  return {
    E1EDK01: {
      "@SEGMENT": "1",
      CURCY: currency,
      BSART: document.kind === "invoice" ? "INVO" : "CRME",
      BELNR: document.number,
      FKTYP: document.kind === "invoice" ? "L" : "G",
    },
    E1EDKA1: [
      { "@SEGMENT": "1", PARVW: "RS", PARTN: mapped(references, "legal_entity", document.legalEntity) },
      { "@SEGMENT": "1", PARVW: "RE", PARTN: mapped(references, "customer", document.customer) },
    ],
    E1EDK02: [
      { "@SEGMENT": "1", QUALF: "009", BELNR: document.number },
      ...(document.corrects === null
        ? []
        : [{ "@SEGMENT": "1", QUALF: "087", BELNR: document.corrects.number }]),
    ],
    E1EDK03: [
      { "@SEGMENT": "1", IDDAT: "026", DATUM: compact(document.issueDate) },
      { "@SEGMENT": "1", IDDAT: "040", DATUM: compact(document.dueDate) },
    ],
    E1EDP01: document.lines.map((line) => ({
      "@SEGMENT": "1",
      POSEX: String(line.line).padStart(6, "0"),
      MENGE: line.quantity ?? "1",
      E1EDP26: { "@SEGMENT": "1", QUALF: "003", BETRG: line.net },
      E1EDP04: line.taxes.map(({ key, percent, amount }) => ({
        "@SEGMENT": "1",
        MWSKZ: mapped(references, "tax", key, "code"),
        MSATZ: percent,
        MWSBT: amount,
      })),
      E1EDP19: {
        "@SEGMENT": "1",
        QUALF: "002",
        IDTNR: mapped(references, "item", line.item),
        KTEXT: cut(line.description),
      },
    })),
    E1EDS01: [
      { "@SEGMENT": "1", SUMID: "010", SUMME: document.net, WAERQ: currency },
      { "@SEGMENT": "1", SUMID: "005", SUMME: document.tax, WAERQ: currency },
      { "@SEGMENT": "1", SUMID: "011", SUMME: document.total, WAERQ: currency },
    ],
  };
}

function journalSegments({ references }: PostingCommand, document: PostedJournal): Segment {
  return {
    E1FIKPF: {
      "@SEGMENT": "1",
      BUKRS: mapped(references, "legal_entity", document.legalEntity),
      BLART: "SA",
      BLDAT: compact(document.date),
      BUDAT: compact(document.date),
      ...(document.reversalDate === null ? {} : { STODT: compact(document.reversalDate) }),
      WAERS: mapped(references, "currency", document.currency),
      BKTXT: cut(document.memo),
      SUMDB: debitSum(document.lines),
      E1FISEG: document.lines.map((line) => ({
        "@SEGMENT": "1",
        BUZEI: String(line.line).padStart(3, "0"),
        SHKZG: line.debit === null ? "H" : "S",
        HKONT: mapped(references, "account", line.account),
        WRBTR: line.debit ?? line.credit ?? "0",
        SGTXT: cut(line.memo),
        ZUONR: cut(mappedDimensions(references, line.dimensions)),
      })),
    },
  };
}

function compact(date: string): string {
  return date.replaceAll("-", "");
}

function cut(text: string): string {
  return singleLineText(text, MAX_TEXT);
}
