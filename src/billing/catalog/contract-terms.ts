import type { Commitment } from "../commitments/commitment-schema.ts";
import type { CreditGrant } from "../credits/grant-schema.ts";
import { currencyExponent } from "../rating/currencies.ts";
import { compilePrice, type Price } from "../rating/price-models.ts";
import { canonicalInstantMs } from "./contract-times.ts";
import { planId } from "./checks.ts";
import type { Contract, Meter, Plan } from "./entities.ts";
import type { FaultList, Sourced } from "./faults.ts";

/**
 * Checks of commitments and credits against the plan that they stand in or that their contract pins. Each charge counts
 * towards one commitment only: with two it would not be clear which of them it uses up, and by which factor it is
 * multiplied beyond.
 */

/** A commitment with the place where it is written. */
interface PlacedCommitment {
  readonly commitment: Commitment;
  readonly path: readonly PropertyKey[];
}

/** Entities without faults of their own, by key. */
export interface KnownEntities {
  readonly meters: ReadonlyMap<string, Meter>;
  readonly products: ReadonlySet<string>;
  readonly plans: ReadonlyMap<string, Plan>;
}

export function checkPlanCommitments(source: Sourced<Plan>, faults: FaultList): void {
  const placed = placedCommitments(source.value.commitments);
  checkCommitments(source, source.value, placed, faults);
}

/** @param known the contract's times must be canonical */
export function checkContractTerms(source: Sourced<Contract>, known: KnownEntities, faults: FaultList): void {
  const contract = source.value;
  const plan = known.plans.get(planId(contract.plan));
  // A plan that is missing or has faults is reported by itself.
  if (plan === undefined) return;
  const own = placedCommitments(contract.commitments);
  const keys = new Set(own.map(({ commitment }) => commitment.key));
  const inherited = (plan.commitments ?? []).filter(({ key }) => !keys.has(key));
  checkCommitments(source, plan, own, faults, inherited);
  checkGrants(source, plan, known, faults);
}

/** The commitments of a contract: its own, and those of its plan that it does not replace. */
export function commitmentsOf(
  contract: Pick<Contract, "commitments">,
  plan: Pick<Plan, "commitments">,
): readonly Commitment[] {
  const own = contract.commitments ?? [];
  const keys = new Set(own.map(({ key }) => key));
  return [...own, ...(plan.commitments ?? []).filter(({ key }) => !keys.has(key))];
}

function placedCommitments(commitments: readonly Commitment[] | undefined): PlacedCommitment[] {
  return (commitments ?? []).map((commitment, index) => ({ commitment, path: ["commitments", index] }));
}

/** @param inherited commitments of the plan that hold beside those of the contract */
function checkCommitments(
  source: Sourced<unknown>,
  plan: Plan,
  placed: readonly PlacedCommitment[],
  faults: FaultList,
  inherited: readonly Commitment[] = [],
): void {
  const prices = new Map(plan.prices.map((price) => [price.key, price]));
  const keys = new Set<string>();
  const before: Commitment[] = [...inherited];
  for (const { commitment, path } of placed) {
    const fault = (field: readonly PropertyKey[], message: string): void =>
      faults.add(source, [...path, ...field], message);
    if (keys.has(commitment.key))
      fault(["key"], `${commitment.key} is already the key of another commitment`);
    keys.add(commitment.key);
    for (const [index, key] of commitment.prices.entries()) {
      const price = prices.get(key);
      if (price === undefined) fault(["prices", index], `plan ${planId(plan)} has no price ${key}`);
      else if (commitment.quantity === undefined && commitment.per === "period") continue;
      else if (!("meter" in price)) fault(["prices", index], `${key} is no price of usage`);
      else if (commitment.per === "window" && compilePrice(price).ratedPer !== "window")
        fault(
          ["prices", index],
          `a commitment per window needs a price by the window: ${key} has no rate_per: window`,
        );
      else if (commitment.quantity !== undefined && !followsQuantity(price, commitment.per))
        fault(
          ["prices", index],
          `what a quantity of ${key} is worth does not follow from the quantity alone`,
        );
    }
    const exponent = currencyExponent(plan.currency) ?? 0;
    if (
      commitment.per === "period" &&
      commitment.amount !== undefined &&
      decimals(commitment.amount) > exponent
    )
      fault(["amount"], tooManyDecimals(plan.currency, exponent));
    const other = before.find((earlier) => overlaps(earlier, commitment, plan));
    if (other !== undefined)
      fault(
        ["prices"],
        `charges would count towards commitment ${other.key} as well; each counts towards one only`,
      );
    before.push(commitment);
  }
}

/** Whether the charge of a whole period (or of a window, where those are committed) follows from its quantity. */
function followsQuantity(price: Price, per: Commitment["per"]): boolean {
  const { model, ratedPer } = compilePrice(price);
  return ratedPer === per && (model.risesWithQuantity === true || model.ratedAtPeriodEnd === true);
}

function overlaps(a: Commitment, b: Commitment, plan: Plan): boolean {
  const shared = plan.prices.some((price) => {
    const kind = "meter" in price ? "usage" : "recurring";
    const counts = ({ prices, counts: kinds }: Commitment): boolean =>
      kinds.includes(kind) && (prices.length === 0 || prices.includes(price.key));
    return counts(a) && counts(b);
  });
  if (!shared || a.per !== "window" || b.per !== "window") return shared;
  // Of one price, windows are shared out by their hours; those without hours take what is left.
  if (a.hours === undefined || b.hours === undefined) return a.hours === b.hours;
  const hoursOfA = hoursOf(a.hours);
  return hoursOf(b.hours).some((hour) => hoursOfA.includes(hour));
}

function hoursOf({ from, to }: { readonly from: number; readonly to: number }): number[] {
  return Array.from({ length: 24 }, (_, hour) => hour).filter((hour) =>
    from < to ? hour >= from && hour < to : hour >= from || hour < to,
  );
}

function checkGrants(source: Sourced<Contract>, plan: Plan, known: KnownEntities, faults: FaultList): void {
  const ids = new Set<string>();
  for (const [index, grant] of (source.value.credits ?? []).entries()) {
    const fault = (field: readonly PropertyKey[], message: string): void =>
      faults.add(source, ["credits", index, ...field], message);
    if (ids.has(grant.id)) fault(["id"], `${grant.id} is already the id of another grant of the contract`);
    ids.add(grant.id);
    for (const [place, product] of grant.products.entries())
      if (!known.products.has(product)) fault(["products", place], `there is no product ${product}`);
    for (const [place, meter] of grant.meters.entries())
      if (!known.meters.has(meter)) fault(["meters", place], `there is no meter ${meter}`);
    const granted = grant.unit === "quantity" ? known.meters.get(grant.meters[0] ?? "") : undefined;
    if (granted?.aggregation === "time_weighted")
      fault(["unit"], `a quantity of meter ${granted.key} (time_weighted) can't be granted`);
    const price = plan.prices.find((candidate) => "meter" in candidate && candidate.meter === granted?.key);
    if (price !== undefined && !followsQuantity(price, "period"))
      fault(
        ["meters", 0],
        `what ${price.key} charges does not follow from the quantity alone, so units of it can't be granted`,
      );
    const { scale, name } = unitOf(grant, plan, known);
    if (decimals(grant.amount) > scale) fault(["amount"], tooManyDecimals(name, scale));
    for (const field of ["minimum", "maximum"] as const) {
      const amount = grant.rollover?.[field];
      if (amount !== undefined && decimals(amount) > scale)
        fault(["rollover", field], tooManyDecimals(name, scale));
    }
    if (
      grant.expires !== undefined &&
      canonicalInstantMs(grant.expires) <= canonicalInstantMs(grant.effective)
    )
      fault(["expires"], "must be after effective");
  }
}

function unitOf(grant: CreditGrant, plan: Plan, known: KnownEntities): { scale: number; name: string } {
  if (grant.unit === "currency") return { scale: currencyExponent(plan.currency) ?? 0, name: plan.currency };
  const meter = grant.meters[0] ?? "";
  return { scale: known.meters.get(meter)?.scale ?? 0, name: `meter ${meter}` };
}

function tooManyDecimals(unit: string, places: number): string {
  return `has more decimal places than ${unit}, which has ${places}`;
}

function decimals(text: string): number {
  return text.split(".")[1]?.length ?? 0;
}
