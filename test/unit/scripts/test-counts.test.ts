import { expect, it } from "vitest";
import { countTests } from "../../../scripts/bootstrap/test-counts.mjs";

function report(passed: number, failed: number, files: [status: string, tests: string[]][]): string {
  return JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    testResults: files.map(([status, tests]) => ({
      status,
      assertionResults: tests.map((testStatus) => ({ status: testStatus })),
    })),
  });
}

it("counts tests, files that can't be loaded, and runs that end badly", () => {
  expect(countTests(report(2, 0, [["passed", ["passed", "passed"]]]), 0)).toEqual({ passed: 2, failed: 0 });
  expect(countTests(report(1, 1, [["failed", ["passed", "failed"]]]), 1)).toEqual({ passed: 1, failed: 1 });
  const broken = report(1, 0, [
    ["passed", ["passed"]],
    ["failed", []],
  ]);
  expect(countTests(broken, 1)).toEqual({ passed: 1, failed: 1 });
  expect(countTests(report(3, 0, []), 1)).toEqual({ passed: 3, failed: 1 });
  expect(countTests(report(0, 0, []), 0)).toEqual({ passed: 0, failed: 1 });
  expect(countTests(undefined, 0)).toEqual({ passed: 0, failed: 1 });
});
