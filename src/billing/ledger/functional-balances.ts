import type { AccountBalance } from "./balances.ts";

/**
 * Balances of each legal entity's accounts in its functional currency, those of all currencies together; the accounts in
 * the order given. Of legal entities without such a currency nothing.
 * @param functionalOf functional currency of a legal entity
 */
export function functionalBalances(
  balances: Iterable<Readonly<AccountBalance>>,
  functionalOf: (legalEntity: string) => string | undefined,
): readonly AccountBalance[] {
  const sums = new Map<string, { -readonly [Key in keyof AccountBalance]: AccountBalance[Key] }>();
  for (const balance of balances) {
    const { legalEntity, account } = balance;
    const currency = functionalOf(legalEntity);
    if (currency === undefined) continue;
    const sides = balance.currency === currency ? balance : balance.functional;
    if (sides === undefined) continue;
    const key = `${legalEntity}\u0000${account}`;
    const known = sums.get(key);
    const { debits, credits } = sides;
    if (known === undefined)
      sums.set(key, { legalEntity, account, currency, debits, credits, functional: undefined });
    else {
      known.debits += debits;
      known.credits += credits;
    }
  }
  return [...sums.values()];
}
