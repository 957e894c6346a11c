import { describe, expect, test } from "vitest";
import { codeOf, TributaryError } from "../../../src/model/errors.ts";
import { noFaults } from "../../../src/model/fault-injection.ts";
import type { CheckpointChanges } from "../../../src/model/store.ts";
import { Checkpointing } from "../../../src/pipeline/checkpointing.ts";
import { checkpointAt } from "../../support/checkpoints.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** Checkpoints whose commits end when the test says so. */
function setUp() {
  const steps: string[] = [];
  const ends: ((fault?: Error) => void)[] = [];
  const faults: unknown[] = [];
  let position = 0;
  const store = {
    commit: (changes: CheckpointChanges) =>
      new Promise<void>((resolve, reject) => {
        steps.push(`commit ${changes.position.usageSequence}`);
        ends.push((fault) => {
          if (fault === undefined) resolve();
          else reject(fault);
        });
      }),
  };
  const checkpoints = new Checkpointing({
    store,
    clock: new ManualClock(),
    faults: noFaults,
    observer: {
      processed: () => undefined,
      committed: (changes) => steps.push(`told ${changes.position.usageSequence}`),
      decided: () => undefined,
    },
    engine: { freeze: () => checkpointAt(position) },
    acknowledge: (sequence) => steps.push(`acknowledged ${sequence}`),
    onFault: (fault) => faults.push(fault),
    hasFailed: () => faults.length > 0,
  });
  return {
    checkpoints,
    steps,
    faults,
    processTo: (sequence: number): void => {
      position = sequence;
      checkpoints.noteChange();
    },
    end: (fault?: Error): void => ends.shift()?.(fault),
  };
}

describe("checkpoints", () => {
  test("begin without waiting for their end, one at a time; what follows a commit follows its end", async () => {
    const { checkpoints, steps, processTo, end } = setUp();
    processTo(1);
    await checkpoints.begin();
    expect(steps).toEqual(["commit 1"]);
    processTo(2);
    const second = checkpoints.begin();
    // The position of the second is the one when it begins: behind what is processed while it waits.
    processTo(3);
    end();
    await second;
    expect(steps).toEqual(["commit 1", "acknowledged 1", "told 1", "commit 3"]);
    end();
    await checkpoints.settled();
    expect(steps.slice(4)).toEqual(["acknowledged 3", "told 3"]);
    await checkpoints.complete();
    expect(steps).toHaveLength(6);
  });

  test("that fail end the pipeline: nothing is acknowledged, and nothing begins any more", async () => {
    const { checkpoints, steps, faults, processTo, end } = setUp();
    processTo(1);
    const complete = checkpoints.complete().catch((fault: unknown) => codeOf(fault));
    await Promise.resolve();
    await Promise.resolve();
    end(new TributaryError("state-commit-failed", "The disk is full."));
    expect(await complete).toBe("state-commit-failed");
    expect(faults).toHaveLength(1);
    processTo(2);
    await checkpoints.begin();
    await checkpoints.settled();
    expect(steps).toEqual(["commit 1"]);
    await expect(checkpoints.complete()).rejects.toThrow("The disk is full.");
  });
});
