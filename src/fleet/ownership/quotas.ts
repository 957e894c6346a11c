/**
 * How many partitions each member of a fleet is to have: as even as can be. Where the number does not divide, those that have most keep one more, so that
 * nothing moves that need not; among equals the name decides, so that all members come to the same result from the same view.
 *
 * @param held partitions by owner as they are now; owners that are no members count for nothing
 * @returns quotas by member, which add up to `partitionCount` where there is a member
 */
export function quotasOf(
  members: readonly string[],
  held: ReadonlyMap<string, number>,
  partitionCount: number,
): ReadonlyMap<string, number> {
  const heldBy = (member: string): number => held.get(member) ?? 0;
  const ordered = [...new Set(members)].sort(
    (one, other) => heldBy(other) - heldBy(one) || (one < other ? -1 : 1),
  );
  const least = Math.floor(partitionCount / Math.max(1, ordered.length));
  const more = partitionCount - least * ordered.length;
  return new Map(ordered.map((member, rank) => [member, rank < more ? least + 1 : least]));
}
