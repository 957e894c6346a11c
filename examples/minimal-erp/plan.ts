import type { PostingCommand } from "../../src/model/posting.ts";
import { checkedJournalTotal } from "../../src/sinks/erp/common/document-totals.ts";
import { MappedRows } from "../../src/sinks/erp/common/mapped-references.ts";
import { NOTHING_COMPARED } from "../../src/sinks/erp/common/compared.ts";
import { ErpFault, type PlannedPosting } from "../../src/sinks/erp/erp-sink.ts";

/** A voucher as Tinybooks takes it: amounts are texts, debits positive. */
export interface Voucher {
  readonly date: string;
  readonly currency: string;
  readonly text: string;
  readonly lines: readonly { readonly account: string; readonly amount: string }[];
}

/**
 * A journal in the words of Tinybooks. Pure: the same command gives the same plan, also after a restart. Throws ErpFault `validation` for what
 * would not come to the same amounts, `mapping` where the mapping lacks an account.
 */
export function planVoucher(command: PostingCommand, prefix: string): PlannedPosting {
  const { document, key, kind, references } = command;
  if (document.kind !== "journal")
    throw new ErpFault("validation", `Tinybooks takes journals, not a ${document.kind}`);
  checkedJournalTotal(document);
  const rows = new MappedRows(references);
  const lines = document.lines.map(({ account, debit, credit }) => ({
    account: rows.required("account", account, "id"),
    amount: debit ?? `-${credit ?? "0"}`,
  }));
  const { date, currency, memo: text } = document;
  const request: Voucher = { date, currency, text, lines };
  return {
    command,
    kind,
    externalId: prefix + key,
    expected: {
      ...NOTHING_COMPARED,
      currency,
      date,
      lines: lines.map(({ account: reference, amount }) => ({ reference, amount })),
    },
    request,
  };
}
