/**
 * The page that lists every fault.
 * @param errors meaning by code, in the order in which they are to be listed
 */
export function renderErrorList(errors: Readonly<Record<string, string>>): string {
  const rows = Object.entries(errors).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return [
    "# Faults",
    "",
    "Every fault has one name. It is the error's `code`, the `reason` label of metrics and the `code` field of logs.",
    "A code is never used again for something else. Written from `src/model/errors.ts` by `npm run docs`.",
    "",
    "| code | meaning |",
    "| --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
