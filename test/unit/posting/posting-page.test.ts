import { expect, test } from "vitest";
import { ERP_FAULT_KINDS, POSTING_STATES } from "../../../src/model/posting.ts";
import { readProjectFile } from "../../support/project-files.ts";

const page = readProjectFile("docs/posting.md");

/** First cells of the table behind a mark. */
function listed(mark: string): string[] {
  const table = page.split(`<!-- ${mark} -->`)[1]?.trimStart().split("\n\n")[0] ?? "";
  return [...table.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? "");
}

test("the page on posting says what each state and each fault means, and no other", () => {
  expect(listed("states")).toEqual(POSTING_STATES);
  expect(listed("faults")).toEqual(ERP_FAULT_KINDS);
});
