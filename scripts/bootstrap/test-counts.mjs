// @ts-check

/**
 * @typedef {object} VitestReport the part of vitest's JSON report that counts
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {{ status: string, assertionResults: { status: string }[] }[]} testResults one entry a file
 */

/**
 * Counts what vitest reports. A file that could not be loaded holds no test but is one failure, and so is a run that
 * ended badly for a reason that no test shows (no report, an unhandled error, no test at all).
 *
 * @param {string | undefined} reportText content of the JSON report, undefined when there is none
 * @param {number} exitCode vitest's own
 * @returns {{ passed: number, failed: number }}
 */
export function countTests(reportText, exitCode) {
  if (reportText === undefined) return { passed: 0, failed: 1 };
  /** @type {VitestReport} */
  const report = JSON.parse(reportText);
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && (exitCode !== 0 || report.numPassedTests === 0) ? 1 : failed,
  };
}
