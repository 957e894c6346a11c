import { describe, expect, test } from "vitest";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import { Dictionaries } from "../../../src/ingest/wire/dictionary.ts";
import { encodeColumnarBatch } from "../../../src/ingest/wire/columnar-encoder.ts";
import { cloudEvent, COLUMNAR, KEY, message, SINGLE } from "./messages.ts";

describe("the dictionaries of a decoder", () => {
  test("give an account the same index in every run and wire form", () => {
    const decoder = new WireDecoder(KEY);
    const json = (subject: string) => message(SINGLE, JSON.stringify(cloudEvent({ subject })));
    const columnar = (...accounts: string[]) =>
      message(
        COLUMNAR,
        encodeColumnarBatch(
          accounts.map((account, i) => ({
            id: `${i}`,
            source: "s",
            type: "t",
            account,
            timeMs: 0,
            data: { zone: account },
          })),
        ),
      );
    const first = decoder.decode([json("acme"), json("zeta")]).batch;
    const second = decoder.decode([columnar("zeta", "größe", "acme")]).batch;
    const third = decoder.decode([json("größe"), json("new")]).batch;
    expect(second.accounts).toBe(first.accounts);
    expect(third.accounts).toBe(first.accounts);
    expect([...first.account, ...second.account, ...third.account]).toEqual([0, 1, 1, 2, 0, 2, 3]);
    expect(first.accounts).toEqual(["acme", "zeta", "größe", "new"]);
    expect(Array.from(second.properties.get("zone")?.text ?? [], (at) => second.texts[at])).toEqual([
      "zeta",
      "größe",
      "acme",
    ]);
  });

  test("begin anew when they are full, and only then", () => {
    const dictionaries = new Dictionaries({ strings: 3, units: 100 });
    const { accounts } = dictionaries;
    accounts.intern("a");
    accounts.intern("b");
    accounts.intern("a");
    dictionaries.renewWhereFull();
    expect(dictionaries.accounts).toBe(accounts);
    accounts.intern("c");
    dictionaries.renewWhereFull();
    expect(dictionaries.accounts).not.toBe(accounts);
    expect(accounts.strings).toEqual(["a", "b", "c"]);
    dictionaries.texts.intern("x".repeat(100));
    const { texts } = dictionaries;
    dictionaries.renewWhereFull();
    expect(dictionaries.texts).not.toBe(texts);
  });
});
