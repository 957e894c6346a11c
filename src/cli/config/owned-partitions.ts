/** Which partitions a worker owns: "all", or numbers and ranges such as 3 and "0-7". */

const RANGE_PATTERN = /^(\d{1,4})(?:-(\d{1,4}))?$/;

export type OwnedPartitionsInput = string | readonly (number | string)[];

/** What is wrong with the input, or the partitions in ascending order, each once. */
export type OwnedPartitions =
  { readonly ok: true; readonly partitions: number[] } | { readonly ok: false; readonly message: string };

/** Expands the input against the number of partitions there are. */
export function ownedPartitions(input: OwnedPartitionsInput, partitionCount: number): OwnedPartitions {
  if (input === "all") {
    return { ok: true, partitions: Array.from({ length: partitionCount }, (_, partition) => partition) };
  }
  const items = typeof input === "string" ? input.split(",") : input;
  const owned = new Set<number>();
  for (const item of items) {
    const match = RANGE_PATTERN.exec(String(item).trim());
    if (match === null) {
      return { ok: false, message: `must be "all" or a list of numbers and ranges such as 3 and "0-7"` };
    }
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) return { ok: false, message: `the range ${first}-${last} ends before it starts` };
    if (last >= partitionCount) {
      return {
        ok: false,
        message: `partition ${last} does not exist: there are ${partitionCount}, counted from 0`,
      };
    }
    for (let partition = first; partition <= last; partition++) owned.add(partition);
  }
  if (owned.size === 0) return { ok: false, message: "must name at least one partition" };
  return { ok: true, partitions: [...owned].sort((a, b) => a - b) };
}

/** The shortest list of numbers and ranges for ascending partitions. */
export function ownedPartitionsText(partitions: readonly number[], partitionCount: number): "all" | string[] {
  if (partitions.length === partitionCount) return "all";
  const ranges: string[] = [];
  let i = 0;
  while (i < partitions.length) {
    const first = partitions[i] ?? 0;
    let last = first;
    while (partitions[i + 1] === last + 1) {
      last++;
      i++;
    }
    ranges.push(first === last ? String(first) : `${first}-${last}`);
    i++;
  }
  return ranges;
}
