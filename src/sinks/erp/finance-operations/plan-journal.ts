import type { PostedJournal, PostedJournalLine, PostingCommand } from "../../../model/posting.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import { negatedDecimal } from "../common/decimals.ts";
import { checkedJournalTotal } from "../common/document-totals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { ErpFault } from "../erp-sink.ts";
import { externalIdOf } from "./external-id.ts";
import { comparedAccount, ledgerAccount } from "./ledger-account.ts";
import { MAX_CHANGESET_OPERATIONS, MAX_DESCRIPTION_CHARACTERS } from "./limits.ts";
import type { JournalRequest, JsonObject, PlanContext, PlanOf } from "./plan.ts";
import { Amounts, companyOf, dayTime } from "./plan-values.ts";

/** A general journal. With a reversal date the ERP makes a reversing entry of that day when it posts it. */
export function planJournal(
  command: PostingCommand,
  journal: PostedJournal,
  { prefix, settings }: PlanContext,
): PlanOf<JournalRequest> {
  const total = checkedJournalTotal(journal);
  if (journal.lines.length > MAX_CHANGESET_OPERATIONS)
    throw new ErpFault(
      "validation",
      `the journal has more lines than one changeset: ${journal.lines.length}`,
    );
  const rows = new MappedRows(command.references);
  const externalId = externalIdOf(prefix, command.key);
  const company = companyOf(journal.legalEntity, rows);
  const currency = rows.required("currency", journal.currency, "id").toUpperCase();
  const amounts = new Amounts(journal.currency, command.key);
  const accountOf = ({ account, dimensions }: PostedJournalLine): string =>
    ledgerAccount("account", account, dimensions, rows, settings);
  return {
    command,
    kind: command.kind,
    externalId,
    expected: {
      customer: null,
      legalEntity: company,
      currency,
      date: journal.date,
      total,
      tax: null,
      lines: journal.lines.map((line) => ({
        reference: comparedAccount(accountOf(line)),
        amount: line.debit ?? negatedDecimal(line.credit ?? "0"),
      })),
    },
    request: {
      kind: "journal",
      company,
      header: {
        dataAreaId: company,
        JournalName: rows.required("legal_entity", journal.legalEntity, "journal_name"),
        // Journals have no field for the number of another system: they are found by this text.
        Description: externalId,
      },
      lines: journal.lines.map((line): JsonObject => ({
        dataAreaId: company,
        LineNumber: new JsonDecimal(String(line.line)),
        AccountType: "Ledger",
        AccountDisplayValue: accountOf(line),
        DebitAmount: amounts.of(line.debit ?? "0"),
        CreditAmount: amounts.of(line.credit ?? "0"),
        CurrencyCode: currency,
        TransDate: dayTime(journal.date),
        Text: singleLineText(textOf(line, journal), MAX_DESCRIPTION_CHARACTERS),
        Document: externalId,
        SalesTaxGroup: "",
        ItemSalesTaxGroup: "",
        ...(journal.reversalDate !== null && {
          ReverseEntry: "Yes",
          ReverseDate: dayTime(journal.reversalDate),
        }),
      })),
    },
  };
}

function textOf({ memo: lineMemo }: PostedJournalLine, { memo, reverses }: PostedJournal): string {
  const reversed = reverses === null ? "" : ` (reverses ${reverses})`;
  return lineMemo === "" ? memo + reversed : `${memo}${reversed}: ${lineMemo}`;
}
