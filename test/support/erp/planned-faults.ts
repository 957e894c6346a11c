import { Random } from "../worker/random.ts";
import type { SimulatedFault } from "./simulated-erp.ts";

interface Rule {
  readonly fault: SimulatedFault;
  readonly rate: number;
  left: number;
}

/** Which fault befalls the next request, where a simulator does not plan that by itself: rules in order, the first that says so. */
export class PlannedFaults {
  readonly #random: Random;
  #rules: Rule[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  add(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void {
    this.#rules.push(
      "times" in which
        ? { fault, rate: 1, left: which.times }
        : { fault, rate: which.rate, left: Number.POSITIVE_INFINITY },
    );
  }

  clear(): void {
    this.#rules = [];
  }

  next(): SimulatedFault | undefined {
    const rule = this.#rules.find(({ rate, left }) => left > 0 && (rate === 1 || this.#random.chance(rate)));
    if (rule === undefined) return undefined;
    rule.left -= 1;
    return rule.fault;
  }
}
