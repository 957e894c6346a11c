import { expect, test } from "vitest";
import { PROGRAMS } from "../../../scripts/bundle/programs.mjs";
import { projectFiles, readProjectFile } from "../../support/project-files.ts";

test("every thread that is started by name is a program of the build", () => {
  const started = projectFiles("src")
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [...readProjectFile(file).matchAll(/startThread\("([^"]+)"/g)])
    .map(([, name]) => name);
  expect(started.length).toBeGreaterThan(0);
  expect(new Set([...started, "cli/main"])).toEqual(new Set(PROGRAMS));
});
