import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { StateRow } from "../../../src/model/store.ts";
import { KeyedRows, type RowCodec } from "../../../src/operators/rate/keyed-rows.ts";

interface Counted {
  readonly name: string;
  count: number;
}

const codec: RowCodec<Counted> = {
  keyOf: ({ name }) => name,
  // Every byte value, so that nothing may read the bytes as a text of its own.
  encode: ({ name, count }) => Uint8Array.from([...Buffer.from(`${name} ${count} `), count % 256]),
  decode: (value) => {
    const [name = "", count = ""] = Buffer.from(value).toString("utf8").split(" ");
    return { name, count: Number(count) };
  },
};

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("count" as const), name: fc.integer({ max: 6, min: 0 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("freeze" as const), name: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("read" as const), name: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const), name: fc.constant(0) }) },
);

/** Rows with the store that their checkpoints went to. */
class Stored {
  rows: KeyedRows<Counted>;
  readonly #isCold: (entry: Counted) => boolean;
  readonly store = new Map<number, Uint8Array>();
  #reading: Iterator<StateRow> | undefined;

  constructor(isCold: (entry: Counted) => boolean) {
    this.#isCold = isCold;
    this.rows = new KeyedRows("counted", codec, isCold);
  }

  run(kind: "count" | "freeze" | "read" | "restore", index: number): void {
    if (kind === "count") {
      const name = `n${index}`;
      const number = this.rows.numberOf(name) ?? this.rows.add({ name, count: 0 });
      this.rows.change(number).count += 100;
    } else if (kind === "freeze") {
      this.#readAll();
      this.#reading = this.rows.freezeChanges()[Symbol.iterator]();
    } else if (kind === "read") this.#readOne();
    else {
      // A restart goes on from a whole checkpoint.
      this.#readAll();
      this.run("freeze", 0);
      this.#readAll();
      this.rows = new KeyedRows("counted", codec, this.#isCold);
      const stored = [...this.store].sort(([a], [b]) => a - b).map(([key, value]) => ({ key, value }));
      this.rows.restore({ rows: () => stored });
    }
  }

  #readAll(): void {
    while (this.#readOne());
  }

  #readOne(): boolean {
    const next = this.#reading?.next();
    if (next === undefined || next.done === true) {
      this.#reading = undefined;
      return false;
    }
    if (next.value.value !== null) this.store.set(next.value.key, next.value.value.slice());
    return true;
  }
}

describe("rows that are kept as they are stored", () => {
  it("tell and store the same as rows that are not, however checkpoints and changes interleave", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const warm = new Stored(() => false);
        const cold = new Stored(() => true);
        const mixed = new Stored(({ count }) => count % 200 === 0);
        for (const { kind, name } of steps) {
          for (const stored of [warm, cold, mixed]) stored.run(kind, name);
          expect([...cold.rows.entries()]).toEqual([...warm.rows.entries()]);
          expect([...mixed.rows.entries()]).toEqual([...warm.rows.entries()]);
          expect(cold.store).toEqual(warm.store);
          expect(mixed.store).toEqual(warm.store);
        }
      }),
    );
  });

  it("refuse to be noted as changed behind a change that was made to a copy", () => {
    const cold = new Stored(() => true);
    cold.run("count", 1);
    cold.run("restore", 0);
    expect(() => {
      cold.rows.touch(0);
    }).toThrow(RangeError);
  });
});
