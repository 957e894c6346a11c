// @ts-check

/** A long step says every so often that it still runs, so that silence never looks like a hang. */
const HEARTBEAT_MS = 15_000;

/**
 * Prints one progress line on stderr: stdout belongs to results.
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`[tributary] ${text}\n`);
}

/**
 * @param {number} durationMs
 * @returns {string} seconds with one decimal, as in `1.3 s`
 */
export function seconds(durationMs) {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

/**
 * Runs a step, with a line before it, a heartbeat while it lasts, and a line with its duration after it.
 * @template Result
 * @param {string} label
 * @param {() => Promise<Result>} action
 * @returns {Promise<Result>}
 */
export async function withProgress(label, action) {
  const start = performance.now();
  const elapsed = () => seconds(performance.now() - start);
  say(`${label} …`);
  const heartbeat = setInterval(() => say(`${label}: ${elapsed()} so far`), HEARTBEAT_MS);
  try {
    const result = await action();
    say(`${label}: done in ${elapsed()}`);
    return result;
  } catch (error) {
    say(`${label}: failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}
