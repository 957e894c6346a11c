import { expect, test, vi } from "vitest";
import { printCloseReport } from "../../../src/cli/close/print-report.ts";
import { CLOSE_LINES } from "../../../src/pipeline/close/close-lines.ts";
import { readProjectFile } from "../../support/project-files.ts";
import { at, ClosingPartition, MARCH, scopeOf } from "./close-fixture.ts";

const page = readProjectFile("docs/close.md");

/** The first block of code behind a marker. */
const blockBehind = (marker: string): string =>
  /```text\n([^]*?)```/.exec(page.slice(page.indexOf(`<!-- ${marker} -->`)))?.[1] ?? "";

test("docs/close.md lists every line of the report, and no other", () => {
  const [, table = ""] = page.split("<!-- lines -->");
  const rows = [...(table.split("\n\n## ")[0] ?? "").matchAll(/^\| `([^`]+)` +\| (.+?) +\|$/gm)];
  expect(Object.fromEntries(rows.map((match) => [match[1], match[2]]))).toEqual(CLOSE_LINES);
});

test("the report of docs/close.md is what its example gives", async () => {
  // As the page tells it.
  const partition = new ClosingPartition()
    .use("acme", 100, "2026-03-10")
    .use("abroad", 30, "2026-03-11")
    .use("stranger", 1, "2026-03-13")
    .until("2026-04-04");
  await partition.bill();
  partition.use("acme", 20, "2026-03-20", { arrival: "2026-04-05" }).until("2026-04-06");
  partition.request("close-explanation", {
    ...MARCH,
    reason: "Agreed with acme: on the April invoice",
    line: "late-usage",
    item: null,
    figures: { count: 1, amounts: { EUR: "2.00" } },
  });
  let printed = "";
  const stdout = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    printCloseReport(await partition.report(scopeOf(), at("2026-04-06T10:00:00Z")));
  } finally {
    stdout.mockRestore();
  }
  expect(printed).toBe(blockBehind("example"));
});
