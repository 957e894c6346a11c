import type { PostedJournal, PostedJournalLine, PostingCommand } from "../../../model/posting.ts";
import { negatedDecimal } from "../common/decimals.ts";
import { checkedJournalTotal } from "../common/document-totals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { truncatedText } from "../common/text.ts";
import type { ComparedLine } from "../erp-sink.ts";
import { externalIdOf } from "./external-id.ts";
import { MAX_MEMO_CHARACTERS } from "./limits.ts";
import type { JsonObject, NetsuitePlan, PlanContext } from "./plan.ts";
import { amountOf, classificationsOf } from "./plan-lines.ts";

/** A journal entry, approved, so that it is posted. One with a reversal date is reversed by NetSuite itself on that day. */
export function planJournal(
  command: PostingCommand,
  journal: PostedJournal,
  { prefix }: PlanContext,
): NetsuitePlan {
  const total = checkedJournalTotal(journal);
  const rows = new MappedRows(command.references);
  const externalId = externalIdOf(prefix, command.key);
  const subsidiary = rows.required("legal_entity", journal.legalEntity, "id");
  const currency = rows.required("currency", journal.currency, "id");
  const period = rows.optional("period", journal.date.slice(0, "YYYY-MM".length), "id");
  return {
    command,
    kind: command.kind,
    externalId,
    expected: {
      customer: null,
      legalEntity: subsidiary,
      currency,
      date: journal.date,
      total,
      tax: null,
      lines: journal.lines.map((line) => comparedLine(line, rows)),
    },
    request: {
      kind: "upsert",
      recordType: "journalEntry",
      replace: ["line"],
      onlyNew: [],
      number: null,
      applyTo: null,
      body: {
        externalId,
        subsidiary: { id: subsidiary },
        currency: { id: currency },
        tranDate: journal.date,
        postingPeriod: period === undefined ? undefined : { id: period },
        ...(journal.reversalDate !== null && { reversalDate: journal.reversalDate, reversalDefer: false }),
        approved: true,
        memo: truncatedText(memoOf(journal), MAX_MEMO_CHARACTERS),
        line: { items: journal.lines.map((line) => journalLine(line, command.key, rows)) },
      },
    },
  };
}

function comparedLine({ account, debit, credit }: PostedJournalLine, rows: MappedRows): ComparedLine {
  return {
    reference: rows.required("account", account, "id"),
    amount: debit ?? negatedDecimal(credit ?? "0"),
  };
}

function journalLine(line: PostedJournalLine, key: string, rows: MappedRows): JsonObject {
  const { account, debit, credit, dimensions, memo } = line;
  return {
    account: { id: rows.required("account", account, "id") },
    ...(debit !== null && { debit: amountOf(debit, key) }),
    ...(credit !== null && { credit: amountOf(credit, key) }),
    memo: memo === "" ? undefined : truncatedText(memo, MAX_MEMO_CHARACTERS),
    ...classificationsOf("account", account, dimensions, rows),
  };
}

function memoOf({ memo, reverses }: PostedJournal): string {
  return reverses === null ? memo : `${memo} (reverses ${reverses})`;
}
