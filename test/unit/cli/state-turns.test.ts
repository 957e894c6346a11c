import { expect, test } from "vitest";
import { StateTurns } from "../../../src/cli/compose/elastic/state-turns.ts";

/** Tasks that note when they begin, and end when they are told to. */
class Tasks {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, (fault?: Error) => void>();

  act(name: string): () => Promise<string> {
    return () => {
      this.begun.push(name);
      return new Promise((resolve, reject) => {
        this.#ends.set(name, (fault) => {
          if (fault === undefined) resolve(name);
          else reject(fault);
        });
      });
    };
  }

  async end(name: string, fault?: Error): Promise<void> {
    this.#ends.get(name)?.(fault);
    await turn();
  }
}

async function nothing(): Promise<void> {
  await Promise.resolve();
}

/** Lets everything happen that waits for nothing. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("two states are brought at once, in the order in which they were asked for, also where one fails", async () => {
  const tasks = new Tasks();
  const turns = new StateTurns();
  const results = ["a", "b", "c", "d"].map((name) => turns.bring(tasks.act(name), nothing));
  const settled = Promise.allSettled(results);
  await turn();
  expect(tasks.begun).toEqual(["a", "b"]);
  await tasks.end("b", new Error("no state"));
  expect(tasks.begun).toEqual(["a", "b", "c"]);
  await tasks.end("a");
  await tasks.end("c");
  await tasks.end("d");
  expect((await settled).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
});

test("no snapshot is begun while states are brought; one that is under way holds up no state", async () => {
  const tasks = new Tasks();
  const turns = new StateTurns();
  const snapshots = ["s1", "s2", "s3"].map((name) => turns.snapshot(tasks.act(name)));
  const restores = ["r1", "r2", "r3"].map((name) => turns.bring(tasks.act(name), nothing));
  await turn();
  expect(tasks.begun).toEqual(["s1", "s2", "r1", "r2"]);
  await tasks.end("s1");
  await tasks.end("r1");
  expect(tasks.begun).toEqual(["s1", "s2", "r1", "r2", "r3"]);
  await tasks.end("r2");
  expect(tasks.begun).not.toContain("s3");
  await tasks.end("r3");
  expect(tasks.begun).toEqual(["s1", "s2", "r1", "r2", "r3", "s3"]);
  await tasks.end("s2");
  await tasks.end("s3");
  await Promise.all([...snapshots, ...restores]);
});

test("opening a state takes no turn from the next one's way here, and holds snapshots back, also where it fails", async () => {
  const tasks = new Tasks();
  const turns = new StateTurns();
  const open = async (name: string): Promise<void> => {
    await tasks.act(`open ${name}`)();
  };
  const brought = ["a", "b", "c"].map((name) => turns.bring(tasks.act(name), open));
  const settled = Promise.allSettled(brought);
  const snapshot = turns.snapshot(tasks.act("s"));
  await turn();
  expect(tasks.begun).toEqual(["a", "b"]);
  await tasks.end("a");
  expect(tasks.begun.slice(2).sort()).toEqual(["c", "open a"]);
  for (const name of ["b", "c"]) await tasks.end(name);
  expect(tasks.begun.slice(4)).toEqual(["open b", "open c"]);
  await tasks.end("open a", new Error("not opened"));
  await tasks.end("open b");
  expect(tasks.begun).not.toContain("s");
  await tasks.end("open c");
  expect(tasks.begun.at(-1)).toBe("s");
  await tasks.end("s");
  await snapshot;
  expect((await settled).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
});
