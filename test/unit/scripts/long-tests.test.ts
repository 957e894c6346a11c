import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LONG_SUITES } from "../../../scripts/long-tests/suites.mjs";
import { PROJECT_ROOT } from "../../support/project-files.ts";

/** Text of the test files below a path. */
function textsOf(path: string): string {
  const full = join(PROJECT_ROOT, path);
  if (!statSync(full).isDirectory()) return readFileSync(full, "utf8");
  return readdirSync(full)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(full, name), "utf8"))
    .join("\n");
}

describe.each(Object.entries(LONG_SUITES))("the long suite %s", (_, { files, env }) => {
  test("has files that are there, and they read each of its variables", () => {
    expect(files.filter((file) => !existsSync(join(PROJECT_ROOT, file)))).toEqual([]);
    const text = files.map(textsOf).join("\n");
    expect(Object.keys(env).filter((name) => !text.includes(`process.env["${name}"]`))).toEqual([]);
  });
});
