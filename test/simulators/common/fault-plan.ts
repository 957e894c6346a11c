/** What a request is known by to the rules of faults. */
export interface FaultedRequest {
  readonly method: string;
  /** Its path, or what else names what it is about. */
  readonly path: string;
}

/** What the rules of all simulators have; `FAULT_RULE_FIELDS` says what each field means. */
export interface CommonFaultRule {
  readonly fault: { readonly kind: string };
  readonly times?: number | undefined;
  readonly rate?: number | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
}

/** Rules in order: the first that matches a request decides what goes wrong with it. */
export class FaultPlan<Rule extends CommonFaultRule, Request extends FaultedRequest = FaultedRequest> {
  #rules: { readonly rule: Rule; left: number }[] = [];
  readonly #random: () => number;
  readonly #fits: (rule: Rule, request: Request) => boolean;

  /**
   * @param random numbers in [0, 1) that rates are held against
   * @param fits whether a rule's other conditions, those of this simulator alone, are met
   */
  constructor(random: () => number, fits: (rule: Rule, request: Request) => boolean) {
    this.#random = random;
    this.#fits = fits;
  }

  add(rule: Rule): void {
    this.#rules.push({ rule, left: rule.times ?? Infinity });
  }

  clear(): void {
    this.#rules = [];
  }

  faultOf(request: Request): Rule["fault"] | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left <= 0 || (rule.method !== undefined && rule.method !== request.method)) continue;
      if (rule.path !== undefined && !request.path.includes(rule.path)) continue;
      if (!this.#fits(rule, request)) continue;
      // The last: only requests that all else fits take a number, so that the others change no later fault.
      if (rule.rate !== undefined && this.#random() >= rule.rate) continue;
      entry.left -= 1;
      return rule.fault;
    }
    return undefined;
  }
}
