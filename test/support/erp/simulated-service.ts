import { cents } from "./posted-month.ts";
import type { ErpAbilities, MappingRow, SimulatedFault } from "./simulated-erp.ts";

/** What simulated ERPs that are services called by HTTP have in common. */

const STORM_MS = 300;
const THROTTLED = 429;
/** One unit of the currency. */
const UNIT_CENTS = 100n;

export const ALL_ABILITIES: ErpAbilities = {
  credentials: true,
  tokens: true,
  periods: true,
  itemChecks: true,
  payments: true,
  readBack: true,
  lookUp: true,
  throttling: true,
};

/** What the faults are called by the simulators. */
export const SERVICE_FAULTS = {
  "lost-after-commit": { kind: "lost-after-commit" },
  "lost-before-commit": { kind: "lost-before-commit" },
  unavailable: { kind: "server-error", status: 503 },
  "error-after-commit": { kind: "server-error-after-commit", status: 500 },
  "throttle-storm": { kind: "throttle-storm", ms: STORM_MS },
  "token-expiry": { kind: "token-expiry" },
  "duplicate-delivery": { kind: "duplicate-delivery" },
} as const satisfies Record<SimulatedFault, object>;

/** Of a simulator's requests, which have status 0 where the connection broke instead of an answer. */
export function requestCounts(requests: readonly { readonly status: number }[]): {
  readonly total: number;
  readonly lost: number;
  readonly refused: number;
} {
  const count = (status: number): number => requests.filter((each) => each.status === status).length;
  return { total: requests.length, lost: count(0), refused: count(THROTTLED) };
}

/** A row of a mapping. */
export function row(table: MappingRow["table"], key: string, values: MappingRow["values"]): MappingRow {
  return { table, key, values };
}

/** An amount that is another one, whatever it was: decimal texts. */
export function anotherAmount(amount: string): string {
  const more = cents(amount) + UNIT_CENTS;
  const digits = (more < 0n ? -more : more).toString().padStart(3, "0");
  return `${more < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
