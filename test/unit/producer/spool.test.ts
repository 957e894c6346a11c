import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Commit } from "../../../src/producer/commit.ts";
import { Spool } from "../../../src/producer/spool.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function commit(number: number): Commit {
  return {
    number,
    state: {
      producer: "p",
      region: "eu",
      partitionCount: 1,
      epoch: 1,
      position: `position ${number}`,
      next: [number + 1],
      manifests: false,
      counts: [],
    },
    messages: [
      {
        partition: 0,
        sequence: number,
        contentType: "t",
        data: Uint8Array.of(1, 2, number),
        isBarrier: false,
      },
    ],
  };
}

/** What the next process finds. */
async function reopened(folder: string): Promise<{ newest: number | undefined; unsent: number[] }> {
  const { spool, newest, unsent } = await Spool.open(folder);
  await spool.close();
  expect(newest).toEqual(newest === undefined ? undefined : commit(newest.number));
  for (const each of unsent) expect(each).toEqual(commit(each.number));
  return { newest: newest?.number, unsent: unsent.map(({ number }) => number) };
}

describe("a spool", () => {
  test("keeps what is not acknowledged, and the newest in any case", async () => {
    const folder = join(temporaryFolder(), "spool");
    expect(await reopened(folder)).toEqual({ newest: undefined, unsent: [] });
    const { spool } = await Spool.open(folder);
    for (const number of [1, 2, 3]) await spool.append(commit(number));
    await spool.acknowledge(2);
    await spool.close();
    expect(await reopened(folder)).toEqual({ newest: 3, unsent: [1, 3] });
    const second = (await Spool.open(folder)).spool;
    await second.acknowledge(3);
    await second.acknowledge(1);
    // An acknowledgement that comes when it is closed is not noted.
    await second.close();
    await second.acknowledge(3);
    expect(await reopened(folder)).toEqual({ newest: 3, unsent: [] });
    const third = (await Spool.open(folder)).spool;
    await third.append(commit(4));
    expect(readdirSync(folder).filter((name) => name.startsWith("commit-"))).toEqual([
      "commit-0000000000000004",
    ]);
    await third.close();
    expect(await reopened(folder)).toEqual({ newest: 4, unsent: [4] });
  });

  test("forgets a commit that was not finished", async () => {
    const folder = temporaryFolder();
    const { spool } = await Spool.open(folder);
    await spool.append(commit(1));
    await spool.close();
    writeFileSync(join(folder, "commit-0000000000000002.unfinished"), "half");
    expect(await reopened(folder)).toEqual({ newest: 1, unsent: [1] });
    expect(readdirSync(folder).some((name) => name.endsWith(".unfinished"))).toBe(false);
  });

  test("is one process's at a time", async () => {
    const folder = temporaryFolder();
    const { spool } = await Spool.open(folder);
    await expect(Spool.open(folder)).rejects.toMatchObject({ code: "state-locked" });
    await spool.close();
    await (await Spool.open(folder)).spool.close();
  });

  test.each([0, 5, 20, -1])("tells a damaged file by its checksum (byte %i)", async (at) => {
    const folder = temporaryFolder();
    const { spool } = await Spool.open(folder);
    await spool.append(commit(1));
    await spool.close();
    const file = join(folder, "commit-0000000000000001");
    const bytes = readFileSync(file);
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    writeFileSync(file, bytes);
    await expect(Spool.open(folder)).rejects.toMatchObject({ code: "state-corrupt" });
    // The lock is free again.
    await expect(Spool.open(folder)).rejects.toMatchObject({ code: "state-corrupt" });
  });

  test("says that a folder can't be written", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    await expect(Spool.open(join(folder, "file"))).rejects.toMatchObject({ code: "state-commit-failed" });
  });
});
