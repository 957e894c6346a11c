import type { CompiledCatalog } from "../billing/catalog/compiled.ts";

/**
 * Whether a contract covers an account at a time. The bounds of the contract that was found last for an account are kept
 * by the account's index, so that the next event of the account costs two comparisons.
 */
export class ContractCover {
  #catalog: CompiledCatalog | undefined;
  #accounts: readonly string[] = [];
  /** Start and end by account; both 0, which covers nothing, where no contract was found yet. */
  #bounds = new Float64Array(0);

  /** Begins a batch. */
  begin(catalog: CompiledCatalog, accounts: readonly string[]): void {
    if (catalog !== this.#catalog || accounts !== this.#accounts) this.#bounds = new Float64Array(0);
    this.#catalog = catalog;
    this.#accounts = accounts;
    if (this.#bounds.length >= accounts.length * 2) return;
    // Half as much again, so that growing is rare.
    const bounds = new Float64Array(Math.ceil(accounts.length * 1.5) * 2);
    bounds.set(this.#bounds);
    this.#bounds = bounds;
  }

  covers(account: number, timeMs: number): boolean {
    const bounds = this.#bounds;
    if (timeMs >= bounds[2 * account]! && timeMs < bounds[2 * account + 1]!) return true;
    const contract = this.#catalog?.contractAt(this.#accounts[account] ?? "", timeMs);
    if (contract === undefined) return false;
    bounds[2 * account] = contract.startMs;
    bounds[2 * account + 1] = contract.endMs;
    return true;
  }
}
