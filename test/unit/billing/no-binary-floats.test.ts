import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../../../src/", import.meta.url);

/** What turns an amount or quantity into a binary float, or rounds one. */
const FORBIDDEN: readonly RegExp[] = [
  /\bparseFloat\b/,
  /\bNumber\s*\(/,
  /\bNumber\.parse/,
  /\.toNumber\s*\(/,
  /\.valueOf\s*\(/,
  /\btoFixed\b/,
  /\btoPrecision\b/,
  /\bMath\.(?!(min|max)\([^)]*Ms\b)/, // the earlier and the later of two times are no money
  /\d\.\d/, // a literal that is no integer
];

/** Source without comments, so that a sentence about a float is no float. */
function code(text: string): string {
  return text.replace(/\/\*.*?\*\//gs, "").replace(/\/\/.*$/gm, "");
}

function violations(text: string): string[] {
  return code(text)
    .split("\n")
    .filter((line) => FORBIDDEN.some((pattern) => pattern.test(line)));
}

const MONEY_PATHS = [
  "billing/commitments/",
  "billing/credits/",
  "billing/invoices/",
  "billing/ledger/",
  "billing/rating/",
  "billing/tax/",
  "billing/thresholds/",
  "operators/invoice/",
  "operators/rate/",
];

test.each(MONEY_PATHS)("no binary float in the money path of %s", (folder) => {
  const directory = new URL(folder, ROOT);
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  expect(files.length).toBeGreaterThan(1);
  const found = files.flatMap((name) =>
    violations(readFileSync(new URL(name, directory), "utf8")).map((line) => `${name}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});

test("the check sees what it forbids", () => {
  expect(
    violations("const a = parseFloat(x);\nconst b = Number(x);\nconst c = 0.5;\nconst d = x.toFixed(2);"),
  ).toHaveLength(4);
  expect(violations("const e = Math.round(x); // fine\nconst f = x.toNumber();")).toHaveLength(2);
  expect(violations("const h = Math.min(dueMs, endMs);\nconst i = Math.min(amount, other);")).toHaveLength(1);
  expect(violations("// parseFloat(x)\n/* Number(x) */\nconst g = BigInt(x);")).toEqual([]);
});
