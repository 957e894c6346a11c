import { expect, it } from "vitest";
import { renderErrorList } from "../../scripts/docs/error-list.ts";
import { ERRORS } from "../../src/model/errors.ts";
import { projectFiles, readProjectFile } from "../support/project-files.ts";

const MAX_LINES = 400;
const CODE_FILE = /\.(ts|mts|js|mjs)$/;
const TEXT_FILE = /\.(ts|mts|js|mjs|json|ya?ml|md|conf|css|html|sh)$|^\.ci\/run$/;
const CODE_FOLDERS = ["src/", "test/", "scripts/", "examples/", "bench/"];

const files = projectFiles();
const codeFiles = files.filter(
  (path) => CODE_FILE.test(path) && CODE_FOLDERS.some((folder) => path.startsWith(folder)),
);

/** `path:line` of each line that matches. */
function linesMatching(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    readProjectFile(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

it("looks at the files that it means to", () => {
  expect(codeFiles).toContain("src/model/errors.ts");
  expect(codeFiles).toContain("scripts/bootstrap.mjs");
  expect(files.some((path) => path.includes("node_modules/"))).toBe(false);
});

it(`has no code file of more than ${MAX_LINES} lines`, () => {
  const tooLong = codeFiles.filter((path) => readProjectFile(path).split("\n").length - 1 > MAX_LINES);
  expect(tooLong).toEqual([]);
});

it("has no skipped, focused or promised test", () => {
  const pattern = /\b(it|test|describe|suite)(\.\w+)*\.(skip|only|todo|fails)\b|\b[xf](it|describe)\(/;
  const tests = codeFiles.filter((path) => path.startsWith("test/"));
  expect(linesMatching(tests, pattern)).toEqual([]);
});

it("names no folder of one machine and no registry host", () => {
  const folders = ["home", "Users", "root", "work", "tmp", "farm"].join("|");
  const hosts = [
    ["registry", "npmjs"],
    ["deb", "debian"],
  ].map((parts) => parts.join("\\."));
  const pattern = new RegExp(`(^|[\\s"'\`(=:,])/(${folders})/\\w|[A-Z]:\\\\Users|${hosts.join("|")}`);
  expect(pattern.test(["see ", "home", "someone"].join("/"))).toBe(true);
  const texts = files.filter((path) => TEXT_FILE.test(path));
  expect(linesMatching(texts, pattern)).toEqual([]);
});

it("lists every fault code in docs/errors.md, and no other (npm run docs)", () => {
  const page = readProjectFile("docs/errors.md");
  const listed = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
  expect(listed).toEqual(Object.keys(ERRORS));
  expect(page).toBe(renderErrorList(ERRORS));
});

it("names files in kebab-case", () => {
  const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)+$/;
  const isWellKnown = (path: string): boolean => /(^|\/)README\.md$/.test(path) || /^[A-Z]+\.md$/.test(path);
  const named = files.filter((path) => CODE_FILE.test(path) || path.endsWith(".md"));
  const others = named.filter((path) => !isWellKnown(path) && !kebabCase.test(path.split("/").at(-1) ?? ""));
  expect(others).toEqual([]);
});

it("has a changelog with an open section", () => {
  expect(readProjectFile("CHANGELOG.md")).toMatch(/^## \[Unreleased\]$/m);
});
