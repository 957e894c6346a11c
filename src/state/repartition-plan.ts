import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { TributaryError } from "../model/errors.ts";
import { makeDurableFolder, syncFolder } from "./open-database.ts";

/** Folder of a change of the partition count, below the state directory: the plan, and states that are ready to be put in place. */
const FOLDER = ".repartition";
const PLAN_FILE = "plan.json";

const planSchema = z.strictObject({
  formerCount: z.int().min(1),
  partitionCount: z.int().min(2),
  actor: z.string(),
  reason: z.string(),
  /** RFC 3339: all records of the change say the same, also those that a later process writes. */
  decidedAt: z.string(),
});
export type RepartitionPlan = Readonly<z.output<typeof planSchema>>;

export function repartitionFolder(stateDirectory: string): string {
  return join(stateDirectory, FOLDER);
}

/** The change that is under way; undefined where there is none. Throws `state-corrupt`. */
export function readPlan(stateDirectory: string): RepartitionPlan | undefined {
  const file = join(repartitionFolder(stateDirectory), PLAN_FILE);
  if (!existsSync(file)) return undefined;
  try {
    return planSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new TributaryError("state-corrupt", "The plan of a change of the partition count can't be read.", {
      details: { file },
      cause,
    });
  }
}

/** Makes a plan durable: from here on no worker starts on the state directory. */
export function writePlan(stateDirectory: string, plan: RepartitionPlan): void {
  const folder = repartitionFolder(stateDirectory);
  makeDurableFolder(folder);
  const file = join(folder, PLAN_FILE);
  writeFileSync(`${file}.new`, JSON.stringify(plan), { flush: true });
  renameSync(`${file}.new`, file);
  syncFolder(folder);
}

/** Removes the plan and what was made by it: copies of states that stay where they are, or nothing any more. */
export function removePlan(stateDirectory: string): void {
  const folder = repartitionFolder(stateDirectory);
  // The plan goes last: while it is there, what is left of the folder means something.
  rmSync(join(folder, "parts"), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** Where parts stand until they are put in place. */
export function partsFolder(stateDirectory: string): string {
  return join(repartitionFolder(stateDirectory), "parts");
}

/** Throws `repartition-unfinished` while a change of the partition count is under way in a state directory. */
export function refuseDuringRepartition(stateDirectory: string): void {
  const plan = readPlan(stateDirectory);
  if (plan === undefined) return;
  throw new TributaryError(
    "repartition-unfinished",
    `A change from ${plan.formerCount} to ${plan.partitionCount} partitions is under way in ${stateDirectory}: ` +
      "run `tributary repartition` once more to finish it, or with --abandon to give it up where that is still possible.",
    { details: { plan } },
  );
}
