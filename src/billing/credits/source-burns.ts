import type { CreditSource } from "./grant-terms.ts";
import type { GrantState, SourceBurn } from "./ledger-state.ts";

/** Notes what a source used of a grant. */
export function tallyBurn(grant: GrantState, source: CreditSource, amount: bigint): void {
  const known = burnOf(grant, source);
  if (known === undefined)
    grant.burns.push({ product: source.product, meter: source.meter, current: amount, earlier: 0n });
  else known.current += amount;
}

/** Takes back at most `amount` of what a source used of a grant in a term; returns how much that is. */
export function takeBurn(
  grant: GrantState,
  source: CreditSource,
  term: "current" | "earlier",
  amount: bigint,
): bigint {
  const known = burnOf(grant, source);
  if (known === undefined) return 0n;
  const part = known[term] < amount ? known[term] : amount;
  known[term] -= part;
  if (known.current === 0n && known.earlier === 0n) grant.burns.splice(grant.burns.indexOf(known), 1);
  return part;
}

function burnOf(grant: GrantState, source: CreditSource): SourceBurn | undefined {
  return grant.burns.find(({ product, meter }) => product === source.product && meter === source.meter);
}
