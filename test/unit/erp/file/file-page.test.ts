import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULT_LAYOUT } from "../../../../src/sinks/erp/file/formats/fixed-width.ts";
import { PROJECT_ROOT } from "../../../support/project-files.ts";

test("docs/erp/file.md has all columns in their order, with their widths", () => {
  const page = readFileSync(join(PROJECT_ROOT, "docs/erp/file.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (\d+) +\|/gm)].map(([, column, width]) => ({
    column,
    width: Number(width),
  }));
  expect(rows).toEqual(DEFAULT_LAYOUT);
});
