import { isJsonNumber } from "../../../model/decimal.ts";
import type { PostedJournal, PostedJournalLine, PostingCommand } from "../../../model/posting.ts";
import { negatedDecimal } from "../common/decimals.ts";
import { checkedJournalTotal } from "../common/document-totals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { ErpFault } from "../erp-sink.ts";
import { segmentsOf } from "./account-combination.ts";
import { externalIdOf, groupIdOf } from "./external-id.ts";
import { GL_COLUMN } from "./gl-interface.ts";
import type { InterfaceRow } from "./interface-file.ts";
import { MAX_REFERENCE_CHARACTERS } from "./limits.ts";
import type { JournalPlan, PlanContext, PlanSettings } from "./plan.ts";

/** A journal is one batch of one import. A reversal is a journal of its own. */
export function planJournal(
  command: PostingCommand,
  journal: PostedJournal,
  { prefix, settings }: PlanContext,
): JournalPlan {
  const total = checkedJournalTotal(journal);
  const rows = new MappedRows(command.references);
  const externalId = externalIdOf(prefix, command.key);
  const fullKey = prefix + command.key;
  if (fullKey.length > MAX_REFERENCE_CHARACTERS)
    throw new ErpFault("validation", `the key is longer than ${MAX_REFERENCE_CHARACTERS} characters`);
  const ledgerId = rows.required("legal_entity", journal.legalEntity, "ledger_id");
  const currency = rows.required("currency", journal.currency, "code");
  const groupId = groupIdOf(externalId);
  const lines = journal.lines.map((line) => ({
    line,
    segments: segmentsOf(
      rows.required("account", line.account, "combination"),
      line.dimensions,
      rows,
      settings.segmentDelimiter,
    ),
  }));
  const header = headerColumns(journal, { externalId, fullKey, ledgerId, currency, groupId, settings });
  return {
    command,
    kind: command.kind,
    externalId,
    expected: {
      customer: null,
      legalEntity: null,
      currency,
      date: journal.date,
      total,
      tax: null,
      lines: lines.map(({ line, segments }) => ({
        reference: segments.join(settings.segmentDelimiter),
        amount: line.debit ?? negatedDecimal(line.credit ?? "0"),
      })),
    },
    request: {
      kind: "journal",
      ledgerId,
      dataAccessSetId: rows.optional("legal_entity", journal.legalEntity, "data_access_set_id"),
      groupId,
      source: settings.journalSource,
      fullKey,
      rows: lines.map(({ line, segments }) => rowOf(header, line, segments)),
    },
  };
}

function headerColumns(
  { date, memo, reverses }: PostedJournal,
  known: {
    readonly externalId: string;
    readonly fullKey: string;
    readonly ledgerId: string;
    readonly currency: string;
    readonly groupId: string;
    readonly settings: PlanSettings;
  },
): InterfaceRow {
  const { externalId, fullKey, ledgerId, currency, groupId, settings } = known;
  const day = date.replaceAll("-", "/");
  const about = reverses === null ? memo : `${memo} (reverses ${reverses})`;
  const description = singleLineText(
    about === "" ? fullKey : `${fullKey}: ${about}`,
    MAX_REFERENCE_CHARACTERS,
  );
  return new Map([
    [GL_COLUMN.STATUS, "NEW"],
    [GL_COLUMN.LEDGER_ID, ledgerId],
    [GL_COLUMN.ACCOUNTING_DATE, day],
    [GL_COLUMN.SOURCE, settings.journalSource],
    [GL_COLUMN.CATEGORY, settings.journalCategory],
    [GL_COLUMN.CURRENCY, currency],
    [GL_COLUMN.DATE_CREATED, day],
    [GL_COLUMN.ACTUAL_FLAG, "A"],
    [GL_COLUMN.BATCH_NAME, externalId],
    [GL_COLUMN.BATCH_DESCRIPTION, description],
    [GL_COLUMN.JOURNAL_NAME, externalId],
    [GL_COLUMN.JOURNAL_DESCRIPTION, description],
    [GL_COLUMN.GROUP_ID, groupId],
  ]);
}

function rowOf(
  header: InterfaceRow,
  { debit, credit, memo, line }: PostedJournalLine,
  segments: readonly string[],
): InterfaceRow {
  const row = new Map(header);
  segments.forEach((segment, index) => row.set(GL_COLUMN.FIRST_SEGMENT + index, segment));
  const amount = debit ?? credit ?? "";
  if (!isJsonNumber(amount) || /e/i.test(amount))
    throw new ErpFault("validation", `line ${line}: Oracle can't hold the amount ${amount.slice(0, 50)}`);
  row.set(debit === null ? GL_COLUMN.ENTERED_CREDIT : GL_COLUMN.ENTERED_DEBIT, amount);
  if (memo !== "") row.set(GL_COLUMN.LINE_DESCRIPTION, singleLineText(memo, MAX_REFERENCE_CHARACTERS));
  return row;
}
