import * as fc from "fast-check";
import { expect, test } from "vitest";
import { codeOf } from "../../../src/model/errors.ts";
import type { OutboxEntry } from "../../../src/model/outputs.ts";
import type { StateRow } from "../../../src/model/store.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { checkpointAt, ratedBody } from "../../support/checkpoints.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const IDENTITY = { partition: 0, partitionCount: 1 };
const SPACES = ["cells", "keys/1", "keys/2"];

const row = fc.record({
  space: fc.constantFrom(...SPACES),
  key: fc.oneof(fc.nat(5), fc.constant(2 ** 40 - 1)),
  value: fc.option(fc.uint8Array({ maxLength: 40 })),
});
const step = fc.oneof(
  fc.record({
    kind: fc.constant("commit" as const),
    rows: fc.array(row, { maxLength: 8 }),
    cleared: fc.subarray(SPACES),
    entries: fc.nat(4),
    bad: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("reopen" as const) }),
  fc.record({ kind: fc.constant("deliver" as const), entries: fc.nat(6) }),
);

test("a store is what was committed to it, whenever it is opened again", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const folder = temporaryFolder();
      let store = openPartitionStore(folder, IDENTITY);
      const model = new Map(SPACES.map((space) => [space, new Map<number, Uint8Array>()]));
      let sequence = 0;
      let lastOrdinal = 0;
      let delivered = 0;
      const change = ({ space, key, value }: StateRow): void => {
        if (value === null) model.get(space)?.delete(key);
        else model.get(space)?.set(key, value);
      };
      for (const step of steps) {
        if (step.kind === "commit") {
          const outbox: OutboxEntry[] = Array.from({ length: step.entries }, (_, index) => ({
            channel: "rated",
            ordinal: lastOrdinal + 1 + index,
            body: ratedBody(lastOrdinal + 1 + index),
          }));
          const changes = checkpointAt(sequence + 1, {
            rows: step.rows,
            clearedSpaces: step.cleared,
            outbox,
          });
          if (step.bad) {
            const hole: OutboxEntry = {
              channel: "rated",
              ordinal: lastOrdinal + step.entries + 2,
              body: "{}",
            };
            const refused = await store.commit({ ...changes, outbox: [...outbox, hole] }).catch(codeOf);
            if (refused !== "internal-fault") throw new Error("a hole in the outbox was committed");
          } else {
            await store.commit(changes);
            sequence += 1;
            lastOrdinal += step.entries;
            for (const space of step.cleared) model.get(space)?.clear();
            step.rows.forEach(change);
          }
        } else if (step.kind === "deliver") {
          delivered = Math.min(lastOrdinal, delivered + step.entries);
          store.setDeliveredOrdinal("target", "rated", delivered);
          store.pruneOutbox("rated", ["target"]);
        } else {
          store.close();
          store = openPartitionStore(folder, IDENTITY);
        }
        expect(store.load()?.position.usageSequence ?? 0).toBe(sequence);
        expect(store.load()?.lastOrdinals.rated ?? 0).toBe(lastOrdinal);
        expect(store.outboxPending("target", "rated")).toBe(lastOrdinal - delivered);
        const left = store.outboxAfter("rated", 0, 1_000).map((entry) => entry.ordinal);
        expect(left.filter((ordinal) => ordinal > delivered)).toEqual(
          Array.from({ length: lastOrdinal - delivered }, (_, index) => delivered + 1 + index),
        );
        for (const [space, rows] of model) {
          const expected = [...rows].sort(([a], [b]) => a - b).map(([key, value]) => ({ key, value }));
          expect([...store.rows(space)]).toEqual(expected);
        }
      }
      store.close();
    }),
    { numRuns: 60 },
  );
});
