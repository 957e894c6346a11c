import {
  type Fields,
  fieldsOf,
  listOf,
  MINOR_SHIFT,
  optionalText,
  shifted,
  textOf,
  UnknownCase,
} from "./values.ts";

/** Members of a case's `config` that `configuredPrice` reads. */
export const PRICE_CONFIG: readonly string[] = [
  "base",
  "unit_price",
  "unit_price_minor",
  "cap_minor",
  "rounding",
  "negative",
  "tiers",
  "zero_quantity",
  "package_size",
  "package_price",
  "free_units",
  "free_units_after_rounding",
  "divide_by",
  "multiply_by",
  "round",
  "precision",
  "function",
  "multiplier",
  "rate_percent",
  "policy",
  "amount",
  "payment_term",
  "min_spend",
  "max_spend",
  "discount_percent",
  "discount_amount",
  "unit",
  "currency",
  "round_to",
  "scale",
  "mode",
  "exponent",
];

/** Rounding words of the sources, as the catalog says them. */
const ROUNDINGS: Readonly<Record<string, string>> = {
  ceil: "up",
  up: "up",
  floor: "down",
  down: "down",
  round: "half_up",
  half_up: "half_up",
};

export function roundingOf(word: unknown): string {
  const rounding = ROUNDINGS[textOf(word)];
  if (rounding === undefined) throw new UnknownCase(`rounding ${textOf(word)}`);
  return rounding;
}

/**
 * The tiers as the catalog takes them. It knows no bounded last tier; where the quantity lies within the bound, an open
 * one costs the same, otherwise the bound stays and the catalog refuses it.
 */
function tiersOf(config: Fields, model: string, highest: string, shift: number): Fields[] {
  const tiers = listOf(config["tiers"]).map(fieldsOf);
  return tiers.map((tier, index) => {
    const { up_to: upTo, unit_price: unitPrice, rate_percent: rate, flat_fee: fee, tier_cap: cap } = tier;
    for (const name of Object.keys(tier))
      if (!["up_to", "unit_price", "rate_percent", "flat_fee", "tier_cap"].includes(name))
        throw new UnknownCase(`tiers[].${name}`);
    const bound = optionalText(upTo);
    const isOpen =
      bound === undefined || (index === tiers.length - 1 && BigInt(compare(highest, bound)) <= 0n);
    // Tiers of percentages are bounded by amounts, which have the case's unit too.
    const boundShift = model === "graduated_percentage" ? shift : 0;
    return {
      ...(isOpen ? {} : { up_to: shifted(bound, boundShift) }),
      ...(unitPrice === undefined ? {} : { unit_price: shifted(textOf(unitPrice), shift) }),
      ...(rate === undefined ? {} : { rate_percent: textOf(rate) }),
      ...(fee === undefined ? {} : { flat_fee: shifted(textOf(fee), shift) }),
      ...(cap === undefined ? {} : { maximum_amount: shifted(textOf(cap), shift) }),
    };
  });
}

/** Sign of left − right. */
function compare(left: string, right: string): number {
  const places = 40;
  const difference = BigInt(shifted(left, places)) - BigInt(shifted(right, places));
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function blocksOf(config: Fields, highest: string): Fields[] {
  const tiers = listOf(config["tiers"]).map(fieldsOf);
  const capacity = tiers.reduce((sum, tier) => {
    const blocks = optionalText(tier["max_blocks"]);
    return blocks === undefined ? sum : sum + BigInt(blocks) * BigInt(textOf(tier["block_size"]));
  }, 0n);
  return tiers.map((tier, index) => {
    const { block_size: size, max_blocks: blocks, price_per_block: price } = tier;
    const fits = index === tiers.length - 1 && compare(highest, capacity.toString()) <= 0;
    return {
      block_size: textOf(size),
      block_price: textOf(price),
      ...(blocks === null || blocks === undefined || fits ? {} : { max_blocks: textOf(blocks) }),
    };
  });
}

/**
 * The catalog's price for a case's configuration.
 * @param model by its name in the catalog
 * @param highest the largest quantity that the case prices
 */
export function configuredPrice(model: string, config: Fields, highest: string): Fields {
  const isMinor = config["unit"] === "minor" || config["unit_price_minor"] !== undefined;
  const shift = isMinor ? -MINOR_SHIFT : 0;
  const amount = (value: unknown): string => shifted(textOf(value), shift);
  const when = (value: unknown, fields: (given: unknown) => Fields): Fields =>
    value === undefined || value === null ? {} : fields(value);
  const conversion = {
    ...when(config["divide_by"], (value) => ({ divide_by: value })),
    ...when(config["multiply_by"], (value) => ({ multiply_by: value })),
    ...when(conversionRounding(model, config), (value) => ({
      round: roundingOf(value),
    })),
    ...when(config["precision"], (value) => ({ precision: textOf(value) })),
  };
  const discounts = [
    ...(config["discount_percent"] === undefined
      ? []
      : [{ type: "percent", percent: config["discount_percent"] }]),
    ...(config["discount_amount"] === undefined
      ? []
      : [{ type: "amount", amount: amount(config["discount_amount"]) }]),
  ];
  const freeUnits = config["free_units_after_rounding"] ?? config["free_units"];
  return {
    model,
    ...when(Object.keys(conversion).length === 0 ? undefined : conversion, (value) => ({
      unit_conversion: value,
    })),
    ...when(freeUnits, (value) => ({ free_units: value })),
    ...when(discounts.length === 0 ? undefined : discounts, (value) => ({ discounts: value })),
    ...when(config["min_spend"], (value) => ({ minimum_amount: amount(value) })),
    ...when(config["max_spend"] ?? config["cap_minor"], (value) => ({ maximum_amount: amount(value) })),
    ...modelFields(model, config, highest, shift),
  };
}

/** How the converted quantity is rounded: packages have a rounding of their own. */
function conversionRounding(model: string, config: Fields): unknown {
  const round = model === "package" ? undefined : (config["round"] ?? config["function"]);
  return round === "none" ? undefined : round;
}

function modelFields(model: string, config: Fields, highest: string, shift: number): Fields {
  const amount = (value: unknown): string => shifted(textOf(value), shift);
  switch (model) {
    case "flat":
      return { amount: amount(config["amount"]), billed: textOf(config["payment_term"] ?? "in_arrears") };
    case "per_unit":
      return { unit_price: amount(config["unit_price"] ?? config["unit_price_minor"] ?? "0") };
    case "package":
      return {
        package_size: textOf(config["package_size"]),
        package_price: amount(config["package_price"]),
        round: roundingOf(config["rounding"] ?? "up"),
      };
    case "tiered_blocks":
      return {
        policy: textOf(config["policy"] ?? "all_tiers").toLowerCase(),
        tiers: blocksOf(config, highest),
      };
    case "percentage":
      return { rate_percent: textOf(config["rate_percent"]) };
    case "dynamic":
      return { multiplier: textOf(config["multiplier"]) };
    default:
      return {
        tiers: tiersOf(config, model, highest, shift),
        ...(config["zero_quantity"] === undefined ? {} : { zero_quantity: textOf(config["zero_quantity"]) }),
      };
  }
}
