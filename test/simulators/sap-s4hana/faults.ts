import type { Fault, FaultRule } from "./control-commands.ts";

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

  faultOf(method: string, path: string): Fault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left <= 0 || (rule.method !== undefined && rule.method !== method)) continue;
      if (rule.writesOnly === true && method === "GET") continue;
      if (rule.path !== undefined && !path.includes(rule.path)) continue;
      if (rule.rate !== undefined && this.#random() >= rule.rate) continue;
      entry.left -= 1;
      return rule.fault;
    }
    return undefined;
  }
}
