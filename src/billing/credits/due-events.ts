import { burnOrder, type GrantState } from "./ledger-state.ts";

/** Something that happens to a grant without being asked for. */
export interface DueEvent {
  readonly kind: "expiry" | "activation" | "recurrence";
  readonly grant: GrantState;
  readonly timeMs: number;
}

/**
 * What falls due first, at `notBeforeMs` at the earliest. Of the same moment expiries come before what adds credits, and
 * then the burn order decides; undefined where nothing is due ever again.
 */
export function nextDue(grants: readonly GrantState[], notBeforeMs: number): DueEvent | undefined {
  let first: DueEvent | undefined;
  for (const grant of grants) {
    const event = dueEvent(grant, notBeforeMs);
    if (event !== undefined && (first === undefined || comesBefore(event, first))) first = event;
  }
  return first;
}

function comesBefore(a: DueEvent, b: DueEvent): boolean {
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs;
  const [aExpires, bExpires] = [a.kind === "expiry", b.kind === "expiry"];
  return aExpires === bExpires ? burnOrder(a.grant, b.grant) < 0 : aExpires;
}

function dueEvent(grant: GrantState, notBeforeMs: number): DueEvent | undefined {
  const event = (kind: DueEvent["kind"], dueMs: number): DueEvent => ({
    kind,
    grant,
    timeMs: dueMs > notBeforeMs ? dueMs : notBeforeMs,
  });
  if (grant.phase === "pending") return event("activation", grant.terms.effectiveMs);
  if (grant.phase !== "active") return undefined;
  const { expiresMs, nextRecurrenceMs } = grant;
  if (nextRecurrenceMs !== undefined && (expiresMs === undefined || nextRecurrenceMs < expiresMs))
    return event("recurrence", nextRecurrenceMs);
  return expiresMs === undefined ? undefined : event("expiry", expiresMs);
}
