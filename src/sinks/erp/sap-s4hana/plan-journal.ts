import type { PostedJournal, PostedJournalLine, PostingCommand } from "../../../model/posting.ts";
import { negatedDecimal, sumOfDecimals } from "../common/decimals.ts";
import { checkedJournalTotal } from "../common/document-totals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { ErpFault } from "../erp-sink.ts";
import { externalIdOf } from "./external-id.ts";
import { MAX_HEADER_TEXT_CHARACTERS, MAX_ITEM_TEXT_CHARACTERS } from "./limits.ts";
import { assignmentOf, optionalField, postingDateOf, requiredField } from "./mapped-fields.ts";
import type { LedgerItem, PlanContext, SapPlan, TaxItem } from "./plan.ts";
import { checkedAmount, checkItemCount } from "./plan-items.ts";
import { plainKey } from "./plan-invoice.ts";

/** A journal as a document of the general ledger. What reverses one is a journal of its own with sides changed, which names it in its text. */
export function planJournal(
  command: PostingCommand,
  journal: PostedJournal,
  { prefix, settings }: PlanContext,
): SapPlan {
  const total = checkedJournalTotal(journal);
  const { key } = command;
  if (journal.reversalDate !== null)
    throw new ErpFault(
      "validation",
      `${key}: SAP reverses no journal by itself; it needs a journal of its own`,
    );
  const rows = new MappedRows(command.references);
  const companyCode = requiredField(rows, ["legal_entity", journal.legalEntity, "id"], "companyCode");
  const currency = requiredField(rows, ["currency", journal.currency, "id"], "currency");
  const items = journal.lines.map((line): LedgerItem => ({
    account: requiredField(rows, ["account", line.account, "id"], "account"),
    amount: checkedAmount(amountOf(line), key),
    text: singleLineText(line.memo, MAX_ITEM_TEXT_CHARACTERS),
    taxCode: optionalField(rows, ["account", line.account, "tax_code"], "taxCode"),
    assignment: assignmentOf(rows, "account", line.account, line.dimensions),
  }));
  const taxes = untaxed(items);
  checkItemCount(items.length + taxes.length, key);
  return {
    command,
    kind: command.kind,
    externalId: externalIdOf(prefix, key),
    expected: {
      customer: null,
      legalEntity: companyCode,
      currency,
      date: journal.date,
      total,
      tax: null,
      lines: items.map(({ account, amount }) => ({ reference: plainKey(account), amount })),
    },
    request: {
      kind: "journal-entry",
      documentType: settings.documentTypes.journal,
      createdBy: settings.createdBy,
      companyCode,
      currency,
      headerText: singleLineText(headerText(journal, prefix), MAX_HEADER_TEXT_CHARACTERS),
      documentDate: journal.date,
      postingDate: postingDateOf(rows, journal.date),
      debtor: null,
      items,
      taxes,
      appliesTo: null,
    },
  };
}

function amountOf({ debit, credit }: PostedJournalLine): string {
  return debit === null ? negatedDecimal(credit ?? "0") : debit;
}

function headerText({ memo, reverses }: PostedJournal, prefix: string): string {
  return reverses === null ? memo : `reverses ${externalIdOf(prefix, reverses)}`;
}

/** Accounts that want a tax code get one that taxes nothing: a tax of 0 for each code that is used. */
function untaxed(items: readonly LedgerItem[]): readonly TaxItem[] {
  const amounts = new Map<string, string[]>();
  for (const { taxCode, amount } of items)
    if (taxCode !== null) amounts.set(taxCode, [...(amounts.get(taxCode) ?? []), amount]);
  return [...amounts].map(([code, of]) => ({
    code,
    classification: null,
    conditionType: null,
    amount: "0",
    baseAmount: sumOfDecimals(of),
  }));
}
