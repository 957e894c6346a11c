import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeOf } from "../../../src/model/errors.ts";
import type { FaultInjector, Failpoint } from "../../../src/model/fault-injection.ts";
import { fileTarget } from "../../../src/sinks/file/file-target.ts";
import { CSV_COLUMNS, neutralised, ratedCsv } from "../../../src/sinks/file/rated-csv.ts";
import { ratedBody, ratedEntries } from "../../support/checkpoints.ts";
import { seeded } from "../../support/posting/sim-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function failingOnceAt(failpoint: Failpoint): FaultInjector {
  let failed = false;
  return {
    reach: (point) => {
      if (point !== failpoint || failed) return;
      failed = true;
      throw new Error(`failed at ${point}`);
    },
  };
}

describe("the file sink", () => {
  test("writes a chunk a file; the names say what it has, for its partition and format alone", async () => {
    const folder = join(temporaryFolder(), "deep", "rated");
    const ndjson = fileTarget({ partition: 3, folder, format: "ndjson" });
    const csv = fileTarget({ partition: 3, folder, format: "csv" });
    const other = fileTarget({ partition: 31, folder, format: "ndjson" });
    expect(await ndjson.lastDelivered()).toBe(0);
    await ndjson.deliver(ratedEntries(1, 2));
    await ndjson.deliver(ratedEntries(3, 3));
    await csv.deliver(ratedEntries(1, 1));
    await other.deliver(ratedEntries(1, 9));
    writeFileSync(join(folder, "rated-p3-000000000090-000000000099.ndjson.part"), "");
    expect(readdirSync(folder).sort()).toEqual([
      "rated-p3-000000000001-000000000001.csv",
      "rated-p3-000000000001-000000000002.ndjson",
      "rated-p3-000000000003-000000000003.ndjson",
      "rated-p3-000000000090-000000000099.ndjson.part",
      "rated-p31-000000000001-000000000009.ndjson",
    ]);
    expect(await Promise.all([ndjson, csv, other].map((target) => target.lastDelivered()))).toEqual([
      3, 1, 9,
    ]);
    const text = readFileSync(join(folder, "rated-p3-000000000001-000000000002.ndjson"), "utf8");
    expect(text).toBe(`{"ordinal":1,${ratedBody(1).slice(1)}\n{"ordinal":2,${ratedBody(2).slice(1)}\n`);
  });

  test.each(["before-file-rename", "after-file-rename-before-cursor"] as const)(
    "a fault %s and a larger chunk after it give neither an overlap nor a gap",
    async (failpoint) => {
      const folder = temporaryFolder();
      const target = fileTarget({ partition: 3, folder, format: "ndjson", faults: failingOnceAt(failpoint) });
      await expect(target.deliver(ratedEntries(1, 5))).rejects.toMatchObject({ code: "sink-failed" });
      await target.deliver(ratedEntries(1, 8));
      const ordinals = readdirSync(folder)
        .sort()
        .flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n"))
        .map((line) => /"ordinal":(\d+)/.exec(line)?.[1]);
      expect(ordinals).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
    },
  );

  test("removes its own unfinished files at start, and no one else's", async () => {
    const folder = temporaryFolder();
    for (const name of [".tmp-ndjson-p3-1", ".tmp-ndjson-p31-1", ".tmp-csv-p3-1", "notes.txt"]) {
      writeFileSync(join(folder, name), "half");
    }
    expect(await fileTarget({ partition: 3, folder, format: "ndjson" }).lastDelivered()).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([".tmp-csv-p3-1", ".tmp-ndjson-p31-1", "notes.txt"]);
  });

  test("two owners of a partition in one folder: each ordinal is in one file, whoever is faster", async () => {
    const LAST = 60;
    for (let seed = 1; seed <= 25; seed++) {
      const folder = temporaryFolder();
      const random = seeded(seed);
      const faults = new Set<string>();
      const owner = async (name: string): Promise<void> => {
        const target = fileTarget({ partition: 3, folder, format: "ndjson", owner: name });
        let first = 1;
        while (first <= LAST) {
          const last = Math.min(LAST, first + Math.floor(random() * 9));
          try {
            // What it believes to be there may be old: it is told by nobody.
            await target.deliver(ratedEntries(first, last));
            first = last + 1;
          } catch (error) {
            faults.add(codeOf(error));
          }
        }
      };
      await Promise.all([owner("one"), owner("two"), owner("three")]);
      // Who lost its unfinished file to another tries again.
      expect([...faults].filter((code) => code !== "sink-failed")).toEqual([]);
      const ordinals = readdirSync(folder)
        .sort()
        .flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n"))
        .map((line) => Number(/"ordinal":(\d+)/.exec(line)?.[1]));
      expect(ordinals, `seed ${seed}`).toEqual(Array.from({ length: LAST }, (_, i) => i + 1));
    }
  });

  test("an owner removes what a crash left of another one, at its first file", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, ".tmp-ndjson-p3-gone-1"), "half");
    writeFileSync(join(folder, ".tmp-ndjson-p31-other-1"), "half");
    await fileTarget({ partition: 3, folder, format: "ndjson", owner: "next" }).deliver(ratedEntries(1, 2));
    expect(readdirSync(folder).sort()).toEqual([
      ".tmp-ndjson-p31-other-1",
      "rated-p3-000000000001-000000000002.ndjson",
    ]);
  });

  test("a folder that can't be written is a fault of the sink, and mends", async () => {
    const folder = join(temporaryFolder(), "rated");
    writeFileSync(folder, "in the way");
    const target = fileTarget({ partition: 3, folder, format: "csv" });
    await expect(target.lastDelivered()).rejects.toMatchObject({ code: "sink-failed" });
    rmSync(folder);
    mkdirSync(folder);
    await target.deliver(ratedEntries(1, 1));
    expect(await target.lastDelivered()).toBe(1);
  });
});

describe("CSV", () => {
  test("has a fixed header, quotes by RFC 4180, and keeps numbers and empty amounts", () => {
    const body = ratedBody(1)
      .replace('"acct-1"', JSON.stringify('a,"b"\r\nc'))
      .replace('"calls"', '"=1+2"')
      .replace('"value":"1.5"', '"value":"-0.000000000000000001"')
      .replace('"p-1"', "null")
      .replace('"amount":"-1.25"', '"amount":null')
      .replace('"amountToDate":"1.25"', '"amountToDate":null')
      .replace('"quantityToDate":"1.5"', '"quantityToDate":"12345678901234567890.5"');
    expect(ratedCsv([{ channel: "rated", ordinal: 17, body }])).toBe(
      `${CSV_COLUMNS.join(",")}\r\n` +
        `17,window,"a,""b""\r\nc",'=1+2,"{""tier"":""gold""}",2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,` +
        `-0.000000000000000001,1,1,c-1,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,,v1,EUR,,,` +
        `12345678901234567890.5\r\n`,
    );
  });

  test("no cell begins a formula, and only plain numbers begin with a sign", () => {
    for (const cell of [
      "=A1",
      "+1",
      "-A1",
      "-1+2",
      "@x",
      "\t=1",
      "\r=1",
      "\n=1",
      "＝1",
      "-",
      "--1",
      "-1e5",
    ]) {
      expect(neutralised(cell)).toBe(`'${cell}`);
    }
    for (const cell of ["-1", "-1.25", "0", "1.5", "", "a=b", "acct-1"]) {
      expect(neutralised(cell)).toBe(cell);
    }
  });
});
