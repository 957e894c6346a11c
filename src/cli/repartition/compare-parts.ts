import { TributaryError } from "../../model/errors.ts";
import {
  differencesOf,
  type RepartitionFigure,
  RepartitionSums,
} from "../../pipeline/repartition/balance.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { addFigures, type PartRow } from "./divide-former.ts";

interface StateFolder {
  readonly partition: number;
  readonly folder: string;
}

/** Differences that a message lists: the figures themselves are printed whole. */
const LISTED_DIFFERENCES = 5;

/**
 * Adds up the figures of both counts and compares them. Throws `books-unbalanced` where one is not the same, or where a
 * check fails in any state, be it one that was divided.
 */
export async function compareParts(options: {
  readonly config: WorkerConfig;
  readonly formers: readonly StateFolder[];
  readonly parts: readonly (StateFolder & { readonly from: number })[];
  readonly formerCount: number;
  readonly partitionCount: number;
  readonly onProgress: (text: string) => void;
}): Promise<{ readonly rows: readonly PartRow[]; readonly figures: readonly RepartitionFigure[] }> {
  const { config, formers, parts, formerCount, partitionCount, onProgress } = options;
  const before = new RepartitionSums();
  const after = new RepartitionSums();
  for (const former of formers) {
    onProgress(`partition ${former.partition} is added up`);
    await addFigures(before, config, formerCount, former);
  }
  const rows: PartRow[] = [];
  for (const { from, ...part } of parts) {
    onProgress(`partition ${part.partition} of ${from} is added up`);
    rows.push({ ...(await addFigures(after, config, partitionCount, part)), from });
  }
  const figures = before.compare(after);
  const differences = differencesOf(figures);
  const failed = [...before.failed, ...after.failed];
  if (differences.length === 0 && failed.length === 0) return { rows, figures };
  const texts = [
    ...differences.map(({ name, before, after }) => `${name}: ${before} before, ${after} after`),
    ...failed.map(
      ({ partition, check, of, left, right }) => `partition ${partition}, ${check} ${of}: ${left}, ${right}`,
    ),
  ];
  throw new TributaryError(
    "books-unbalanced",
    `${texts.length} figures do not add up, so the partition count stays ${formerCount}: ` +
      `${texts.slice(0, LISTED_DIFFERENCES).join("; ")}. Give the change up with --abandon.`,
    { details: { differences, failed } },
  );
}
