import type { CheckpointParticipant, StateRow } from "../model/store.ts";

/** The changed rows of a participant; those of one that can't freeze are few enough to be made at once. */
export function frozenPart(participant: CheckpointParticipant, clearedSpaces: string[]): Iterable<StateRow> {
  if (participant.freezeChanges !== undefined) return participant.freezeChanges(clearedSpaces);
  const rows: StateRow[] = [];
  participant.collectChanges(rows, clearedSpaces);
  return rows;
}

/** The rows of all parts, one part after the other. */
export function* rowsOf(parts: readonly Iterable<StateRow>[]): Generator<StateRow> {
  for (const part of parts) yield* part;
}
