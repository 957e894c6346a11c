import type { PostedJournal, PostedJournalLine, PostingCommand } from "../../../model/posting.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import { negatedDecimal } from "../common/decimals.ts";
import { checkedJournalTotal } from "../common/document-totals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { type ComparedLine, ErpFault } from "../erp-sink.ts";
import { codeOf, externalDocumentNumber, journalCode, journalNumber } from "./external-id.ts";
import { LINE_NUMBER_STEP, MAX_COMMENT_CHARACTERS, MAX_DESCRIPTION_CHARACTERS } from "./limits.ts";
import { mappedCompany } from "./mapped-company.ts";
import type { BusinessCentralPlan, JsonObject, PlanContext } from "./plan.ts";
import { amountOf, dimensionsOf } from "./plan-lines.ts";

/**
 * Lines of a journal's batch under one document number, by which ledger entries are found. The API takes and shows amounts of the company's local currency only, so a journal in
 * another one can't be said (`validation`).
 */
export function planJournal(
  command: PostingCommand,
  journal: PostedJournal,
  { prefix, settings }: PlanContext,
): BusinessCentralPlan {
  const total = checkedJournalTotal(journal);
  const rows = new MappedRows(command.references);
  const company = mappedCompany(rows, journal.legalEntity, settings);
  const currency = codeOf(rows.required("currency", journal.currency, "code"));
  const local = codeOf(rows.required("legal_entity", journal.legalEntity, "local_currency"));
  if (currency !== local)
    throw new ErpFault(
      "validation",
      `Business Central's API takes journals in the company's local currency (${local}) only, and this one is in ${currency}`,
      { code: "journal-currency" },
    );
  const documentNumber = journalNumber(prefix, command.key);
  return {
    command,
    kind: command.kind,
    externalId: documentNumber,
    expected: {
      customer: null,
      legalEntity: company,
      // Ledger entries name no currency: they are in the local one.
      currency: null,
      date: journal.date,
      total,
      tax: null,
      lines: journal.lines.map((line) => comparedLine(line, rows)),
    },
    request: {
      kind: "journal",
      company,
      code: journalCode(prefix, command.key),
      displayName: singleLineText(memoOf(journal), MAX_DESCRIPTION_CHARACTERS),
      lines: journal.lines.map((line, index) => ({
        lineNumber: new JsonDecimal(String((index + 1) * LINE_NUMBER_STEP)),
        documentNumber,
        externalDocumentNumber: externalDocumentNumber(prefix, command.key),
        postingDate: journal.date,
        ...journalLine(line, journal, command.key, rows),
      })),
    },
  };
}

function comparedLine(line: PostedJournalLine, rows: MappedRows): ComparedLine {
  return { reference: codeOf(rows.required("account", line.account, "number")), amount: signedAmount(line) };
}

/** Debits are positive. */
function signedAmount({ debit, credit }: PostedJournalLine): string {
  return debit ?? negatedDecimal(credit ?? "0");
}

function journalLine(
  line: PostedJournalLine,
  journal: PostedJournal,
  key: string,
  rows: MappedRows,
): JsonObject {
  const dimensions = dimensionsOf(line.dimensions, rows);
  const memo = memoOf(journal);
  return {
    accountNumber: codeOf(rows.required("account", line.account, "number")),
    amount: amountOf(signedAmount(line), key),
    description: singleLineText(line.memo === "" ? memo : line.memo, MAX_DESCRIPTION_CHARACTERS),
    comment: singleLineText(`${key}: ${memo}`, MAX_COMMENT_CHARACTERS),
    dimensionSetLines: dimensions.length === 0 ? undefined : dimensions,
  };
}

function memoOf({ memo, reverses }: PostedJournal): string {
  return reverses === null ? memo : `${memo} (reverses ${reverses})`;
}
