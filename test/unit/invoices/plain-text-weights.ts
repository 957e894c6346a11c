/**
 * What the postings of each transaction of a Beancount file add up to, by currency, in units of the last of six digits: a
 * posting with a price (`@@`) counts as its price with the sign of its amount.
 */
export function weightsOf(lines: Iterable<string>): readonly ReadonlyMap<string, bigint>[] {
  const transactions: Map<string, bigint>[] = [];
  for (const line of lines) {
    if (/^\d{4}-\d{2}-\d{2} \* /u.test(line)) transactions.push(new Map());
    const posting = /^ {2}[A-Z]\S+ {2}(-?)([\d.]+) (\w{3})(?: @@ ([\d.]+) (\w{3}))?$/u.exec(line);
    if (posting === null) continue;
    const [, sign = "", amount = "", currency = "", price, priceCurrency] = posting;
    const weight = millionths(price ?? amount) * (sign === "-" ? -1n : 1n);
    const sums = transactions.at(-1);
    const key = priceCurrency ?? currency;
    sums?.set(key, (sums.get(key) ?? 0n) + weight);
  }
  return transactions;
}

function millionths(text: string): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(6, "0"));
}
