import type { Fault, FaultRule } from "./control-commands.ts";

/** Addresses of what changes the books; a draft doesn't. */
const BOOKING = /Microsoft\.NAV\.post$|\/customers(\(|$)/;

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
      if (rule.path !== undefined && !path.includes(rule.path)) continue;
      if (rule.isBooking === true && (method === "GET" || !BOOKING.test(path))) continue;
      if (rule.rate !== undefined && this.#random() >= rule.rate) continue;
      entry.left -= 1;
      return rule.fault;
    }
    return undefined;
  }
}
