import { expect, test } from "vitest";
import { resultSender } from "../../../src/cli/compose/posting-results.ts";
import type { PostingResult } from "../../../src/model/posting.ts";
import { encodeAnswer } from "../../../src/pipeline/operations/operator-answer.ts";

const resultOf = (key: string, posting: number): PostingResult => ({
  connection: "nova",
  key,
  revision: 1,
  state: "confirmed",
  reason: null,
  code: null,
  message: null,
  erp: null,
  payment: null,
  posting,
});

/** Partitions that each know some documents; `taken` says who took which, in their order. */
function partitionsThatKnow(known: Readonly<Record<number, readonly string[]>>) {
  const taken: string[] = [];
  let asked = 0;
  const sender = resultSender({
    partitionCount: 4,
    ask: async (partition, data) => {
      asked += 1;
      const { results }: { results: PostingResult[] } = JSON.parse(new TextDecoder().decode(data));
      const isKnown = results.every(({ key }) => known[partition]?.includes(key));
      if (isKnown) taken.push(...results.map(({ key, posting }) => `${partition} ${key} ${posting}`));
      const answer = isKnown
        ? ({ outcome: "decided", partition, controlSequence: 1, repeated: false, record: {} } as const)
        : ({
            outcome: "refused",
            partition,
            reason: "posting-unknown",
            message: "never queued here",
          } as const);
      return await Promise.resolve({ outcome: "answered", data: encodeAnswer(answer) });
    },
  });
  return { sender, taken, asked: () => asked };
}

test("results go to the partition that has the document since the partition count changed, each to one, and are found at once the next time", async () => {
  const { sender, taken, asked } = partitionsThatKnow({ 0: ["a", "journal"], 2: ["b"] });
  await sender.send(0, [resultOf("a", 1), resultOf("b", 2), resultOf("journal", 3)]);
  expect(taken).toEqual(["0 a 1", "2 b 2", "0 journal 3"]);
  const before = asked();
  await sender.send(0, [resultOf("b", 4)]);
  expect(taken.at(-1)).toBe("2 b 4");
  expect(asked() - before).toBe(2);
});

test("a result of a document that nobody knows is not taken", async () => {
  const { sender, taken } = partitionsThatKnow({ 0: ["a"] });
  await expect(sender.send(0, [resultOf("c", 1)])).rejects.toThrow(
    /neither it nor a partition behind it knows c/,
  );
  expect(taken).toEqual([]);
});
