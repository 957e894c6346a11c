/** Progress goes to standard error, and only where a person watches; standard output is data. */
const MIN_INTERVAL_MS = 200;
let lastMs = 0;

/** Rewrites the progress line; `last` ends it (and is printed even when nobody watches, as one plain line). */
export function printProgress(text: string, last = false): void {
  if (!process.stderr.isTTY) {
    if (last) process.stderr.write(`${text}\n`);
    return;
  }
  const nowMs = performance.now();
  if (!last && nowMs - lastMs < MIN_INTERVAL_MS) return;
  lastMs = nowMs;
  process.stderr.write(`\r\u001b[2K${text}${last ? "\n" : ""}`);
}
