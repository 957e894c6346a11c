import { currencyExponent } from "../rating/currencies.ts";
import { formatMinorUnits } from "../rating/money.ts";
import { type AccountBalance, TrialBalance } from "./balances.ts";
import type { JournalEntry, LedgerAccount, Posting } from "./journal-entry.ts";

const DAY_MS = 86_400_000;

/** Top-level accounts of the Beancount language, https://beancount.github.io/docs/beancount_language_syntax.html. */
const ACCOUNT_NAMES: Readonly<Record<LedgerAccount, string>> = {
  "unbilled-receivable": "Assets:Unbilled-Receivable",
  receivable: "Assets:Receivable",
  revenue: "Income:Revenue",
  adjustments: "Income:Adjustments",
  "deferred-revenue": "Liabilities:Deferred-Revenue",
  credits: "Liabilities:Credits",
  "credits-granted": "Equity:Credits-Granted",
  "credits-expired": "Income:Credits-Expired",
  "tax-payable": "Liabilities:Tax-Payable",
  "currency-rounding": "Expenses:Currency-Rounding",
};

/**
 * A subledger as a Beancount file: accounts, transactions, and at the end an assertion of every account's balance, which
 * Beancount checks when it loads the file. Accounts are by legal entity. Postings of another than the functional currency
 * have their price in it (`@@`, the whole posting's), so that Beancount balances each transaction in that currency.
 * @param entries in any order
 */
export function* plainTextLedger(entries: readonly JournalEntry[]): Generator<string> {
  if (entries.length === 0) return;
  const ordered = entries
    .map((entry, index) => ({ entry, index }))
    .sort((a, b) =>
      a.entry.date === b.entry.date ? a.index - b.index : a.entry.date < b.entry.date ? -1 : 1,
    )
    .map(({ entry }) => entry);
  const trial = new TrialBalance();
  for (const entry of ordered) trial.add(entry);
  const balances = trial.balances();
  const first = ordered[0]?.date ?? "";
  const currencies = new Map<string, Set<string>>();
  for (const { account, legalEntity, currency } of heldAmounts(balances, ordered)) {
    const name = accountName(account, legalEntity);
    currencies.set(name, (currencies.get(name) ?? new Set()).add(currency));
  }
  for (const [name, used] of currencies) yield `${first} open ${name} ${[...used].join(",")}`;
  for (const entry of ordered) yield* transaction(entry);
  const dayAfter = nextDay(ordered.at(-1)?.date ?? "");
  yield "";
  for (const { legalEntity, currency, account, minorUnits } of heldAmounts(balances, ordered))
    yield `${dayAfter} balance ${accountName(account, legalEntity)} ${amount(minorUnits, currency)}`;
}

interface HeldAmount {
  readonly legalEntity: string;
  readonly account: LedgerAccount;
  readonly currency: string;
  readonly minorUnits: bigint;
}

/** What each account comes to as Beancount counts it: postings of the functional currency alone are amounts of it. */
function heldAmounts(
  balances: readonly AccountBalance[],
  entries: readonly JournalEntry[],
): readonly HeldAmount[] {
  const held = new Map<string, HeldAmount>();
  const add = (of: HeldAmount): void => {
    const key = `${of.legalEntity}\u0000${of.currency}\u0000${of.account}`;
    held.set(key, { ...of, minorUnits: (held.get(key)?.minorUnits ?? 0n) + of.minorUnits });
  };
  for (const { legalEntity, currency, account, debits, credits } of balances)
    if (debits !== 0n || credits !== 0n)
      add({ legalEntity, currency, account, minorUnits: debits - credits });
  for (const { legalEntity, functional, postings } of entries)
    for (const posting of postings)
      if (functional !== undefined && posting.amount === 0n)
        add({
          legalEntity,
          currency: functional.currency,
          account: posting.account,
          minorUnits: posting.functional ?? 0n,
        });
  return [...held].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, of]) => of);
}

function* transaction(entry: JournalEntry): Generator<string> {
  yield "";
  yield `${entry.date} * ${quoted(entry.memo)} ${quoted(entry.contract)}`;
  if (entry.document !== undefined) yield `  document-id: ${quoted(entry.document)}`;
  if (entry.functional?.rate !== undefined)
    yield `  exchange-rate: ${quoted(`${entry.functional.rate} of ${entry.functional.rateDate ?? ""}`)}`;
  for (const posting of entry.postings) {
    yield `  ${accountName(posting.account, entry.legalEntity)}  ${postedAmount(posting, entry)}`;
    if (posting.product !== "") yield `    product: ${quoted(posting.product)}`;
  }
}

function postedAmount(
  { amount: minorUnits, functional }: Posting,
  { currency, functional: priced }: JournalEntry,
): string {
  if (priced === undefined || functional === undefined) return amount(minorUnits, currency);
  // What is in the functional currency alone (a rounding) has no amount that could have a price.
  if (minorUnits === 0n) return amount(functional, priced.currency);
  // A price has no sign of its own.
  const price = functional < 0n ? -functional : functional;
  return `${amount(minorUnits, currency)} @@ ${amount(price, priced.currency)}`;
}

function accountName(account: LedgerAccount, legalEntity: string): string {
  return `${ACCOUNT_NAMES[account]}:${entityName(legalEntity)}`;
}

/** Parts of account names are letters, digits and "-", and begin with a capital: others are written by their code. */
function entityName(key: string): string {
  const name = key.replace(/[^A-Za-z0-9]/g, (character) => `-${character.charCodeAt(0).toString(16)}-`);
  return `E-${name}`;
}

function amount(minorUnits: bigint, currency: string): string {
  return `${formatMinorUnits(minorUnits, currencyExponent(currency) ?? 0)} ${currency}`;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, (character) => `\\${character}`)}"`;
}

function nextDay(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}
