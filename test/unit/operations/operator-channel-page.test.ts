import { expect, test } from "vitest";
import { REFUSALS } from "../../../src/pipeline/operations/operation.ts";
import { readProjectFile } from "../../support/project-files.ts";

test("docs/operator-channel.md lists every reason to refuse, and no other", () => {
  const [, table = ""] = readProjectFile("docs/operator-channel.md").split("<!-- refusals -->");
  const rows = [...table.matchAll(/^\| `([^`]+)` +\| (.+?) +\|$/gm)].map((match) => [match[1], match[2]]);
  expect(Object.fromEntries(rows)).toEqual(REFUSALS);
});
