import { z } from "zod";
import type { CloseScope } from "../../model/control.ts";
import { isCalendarDay } from "../close/close-scope.ts";
import type { PartitionEngine } from "../partition-engine.ts";
import type { OperationOutcome } from "./operation.ts";

const MAX_KEY_LENGTH = 200;
/** A company books in a handful of currencies; there are fewer than 200 in all. */
const MAX_CURRENCIES = 200;

const calendarDay = () => z.string().refine(isCalendarDay, "must be a day, like 2026-03-01");

/** Fields of requests about a period of a legal entity. */
export const scopeFields = {
  legalEntity: z.string().min(1).max(MAX_KEY_LENGTH),
  from: calendarDay(),
  to: calendarDay(),
};

/** What a line comes to. */
export const figuresField = z.strictObject({
  count: z.int().min(0),
  amounts: z
    .record(
      z.string().regex(/^[A-Z]{3}$/),
      z
        .string()
        .regex(/^-?\d+(\.\d+)?$/)
        .max(100),
    )
    .refine((amounts) => Object.keys(amounts).length <= MAX_CURRENCIES, "too many currencies"),
});

/** Why a request about a period can't be decided, as far as it follows from the period. */
export function scopeRefusal(
  engine: PartitionEngine,
  { legalEntity, from, to }: CloseScope,
): Extract<OperationOutcome, { readonly refusal: unknown }> | undefined {
  if (engine.catalog?.legalEntities.has(legalEntity) !== true)
    return { refusal: "legal-entity-unknown", message: `the catalog has no legal entity ${legalEntity}` };
  if (from >= to) return { refusal: "request-invalid", message: `${from} is not before ${to}` };
  return undefined;
}
