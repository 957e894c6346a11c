/** A case of test/oracle/data/pricing.json: figures taken from another system's own test. */
export interface PricingCase {
  readonly id: string;
  readonly source_repo: string;
  readonly model: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly input: Readonly<Record<string, unknown>>;
  readonly expected: Readonly<Record<string, unknown>>;
  readonly semantics?: string;
  readonly note?: string;
  /** True where an independent exact evaluator confirmed the expected figures. */
  readonly recomputed?: boolean;
}

/**
 * Maps cases of some models to the catalog and engine that users get, never to a private shortcut. The answer has the
 * members of `expected`, decimals as canonical strings; the runner compares them as exact decimals.
 */
export interface PricingAdapter {
  readonly models: readonly string[];
  answer(pricingCase: PricingCase): Answer | Promise<Answer>;
}

export type Answer = Readonly<Record<string, unknown>>;
