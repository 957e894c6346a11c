import { expect } from "vitest";
import type { Bench } from "./bench.ts";
import {
  expectAmountsAddUp,
  expectCounted,
  expectDeadLetters,
  expectRated,
  expectUnbilledIsPublished,
} from "./checks.ts";
import { readDeadLetters, readFiles, readRated } from "./results.ts";
import type { Truth } from "./truth.ts";
import type { ConfigOptions } from "./workspace.ts";

/**
 * Nothing is lost and nothing doubled: what the states, the streams and the files hold is what an independent count says.
 * @param options where all states are
 */
export async function expectWhole(
  { workspace, connection, anchorDay }: Bench,
  truth: Truth,
  options: ConfigOptions = {},
): Promise<void> {
  const inspected = await workspace.inspect(options);
  expectCounted(inspected, truth);
  const reconciled: unknown = JSON.parse(await workspace.command(["reconcile", "--json"], options));
  expect(reconciled).toMatchObject({ balanced: true });
  expectDeadLetters(await readDeadLetters(connection), truth);
  const rated = await readRated(connection);
  expectAmountsAddUp(rated);
  expectRated(rated, truth, anchorDay);
  expectUnbilledIsPublished(inspected, rated);
  const files = readFiles(workspace.filesFolder);
  // First, since a difference of thousands of lines says less.
  const sizes = (of: typeof files): string[] =>
    [...of].map(([partition, { length }]) => `${partition}: ${length}`).sort();
  expect(sizes(files)).toEqual(sizes(rated));
  expect(files).toEqual(rated);
}
