import type { Fault, FaultRule } from "./control-commands.ts";

/** Path of requests that create a journal's header. */
const HEADER = /^\/data\/LedgerJournalHeaders/;

/** Rules in order: the first that matches a request decides what goes wrong with it. */
export class FaultPlan {
  #rules: { readonly rule: FaultRule; left: number }[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  add(rule: FaultRule): void {
    this.#rules.push({ rule, left: rule.times ?? Infinity });
  }

  clear(): void {
    this.#rules = [];
  }

  /** @param about path of the request, and of a batch its body too */
  faultOf(method: string, about: string): Fault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left <= 0 || (rule.method !== undefined && rule.method !== method)) continue;
      if (rule.writesOnly === true && method === "GET") continue;
      if (rule.completesOnly === true && (method === "GET" || method === "DELETE" || HEADER.test(about)))
        continue;
      if (rule.path !== undefined && !about.includes(rule.path)) continue;
      if (rule.rate !== undefined && this.#random() >= rule.rate) continue;
      entry.left -= 1;
      return rule.fault;
    }
    return undefined;
  }
}
