import { BillingCalendar, monthOfPeriod } from "../periods.ts";
import { contractBounds, planId } from "./checks.ts";
import type { CompiledContract } from "./compiled.ts";
import { compilePlan } from "./compile-plan.ts";
import { Contracted } from "./contracted.ts";
import type { Catalog } from "./entities.ts";
import { DEFAULT_LEGAL_ENTITY, type LegalEntity } from "./legal-entity.ts";
import { SharedTerms } from "./shared-terms.ts";

/** Legal entities by key; the default one where the catalog names none. */
export function legalEntitiesOf(catalog: Catalog): ReadonlyMap<string, LegalEntity> {
  const entities = catalog.legalEntities.length === 0 ? [DEFAULT_LEGAL_ENTITY] : catalog.legalEntities;
  return new Map(entities.map((entity) => [entity.key, entity]));
}

/** All contracts with their plans' prices as functions. */
export function compileContracts(catalog: Catalog): CompiledContract[] {
  const plans = new Map(catalog.plans.map((plan) => [planId(plan), compilePlan(plan)]));
  const scales = new Map(catalog.meters.map((meter) => [meter.key, meter.scale]));
  const calendars = new Map<string, BillingCalendar>();
  const legalEntities = legalEntitiesOf(catalog);
  const [onlyEntity] = legalEntities.values();
  const terms = new SharedTerms();
  const meterScale = (meter: string): number => scales.get(meter) ?? 0;
  const calendarWith = (
    timeZone: string,
    anchorDay: number,
    months = 1,
    anchorMonth = 1,
  ): BillingCalendar => {
    const key = `${months} ${anchorMonth} ${anchorDay} ${timeZone}`;
    const known = calendars.get(key);
    if (known !== undefined) return known;
    const calendar = new BillingCalendar(timeZone, anchorDay, months, anchorMonth);
    calendars.set(key, calendar);
    return calendar;
  };
  return catalog.contracts.map((contract) => {
    const plan = plans.get(planId(contract.plan));
    if (plan === undefined) throw new RangeError(`unknown plan ${planId(contract.plan)}`);
    const { legal_entity: entityKey } = contract;
    const legalEntity = entityKey === undefined ? onlyEntity : legalEntities.get(entityKey);
    if (legalEntity === undefined) throw new RangeError(`unknown legal entity ${entityKey}`);
    const monthly = calendarWith(contract.time_zone, contract.billing_anchor_day);
    const { billing_months: months = 1, billing_anchor_month: anchorMonth } = contract;
    const calendar =
      months === 1
        ? monthly
        : calendarWith(
            contract.time_zone,
            contract.billing_anchor_day,
            months,
            anchorMonth ?? monthOfPeriod(monthly, contractBounds(contract).startMs),
          );
    const accounting = calendarWith(legalEntity.time_zone, FIRST_DAY);
    return new Contracted(
      contract,
      terms.of({ contract, plan, calendar, accounting, legalEntity, meterScale }),
    );
  });
}

/** Accounts are kept by calendar months. */
const FIRST_DAY = 1;
