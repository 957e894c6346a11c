// @ts-check
import { spawn } from "node:child_process";

/** Waits for a line on its input; when the input ends without one, whoever held the other end is gone. */
const GUARD_SCRIPT = 'read -r _ || kill -9 "$1"';

/**
 * Sees to it that a process does not outlive this one, however this one ends: an exit hook alone doesn't run when a
 * process is ended by a signal, as test runners and people do.
 *
 * @param {number} pid
 * @returns {() => void} ends the guard; call it when the process has ended by itself
 */
export function guardProcess(pid) {
  // A process group of its own: Ctrl-C must reach the guarded process' owner, not the guard.
  const guard = spawn("sh", ["-c", GUARD_SCRIPT, "sh", String(pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Without a shell (Windows) there is no guard; the owner's orderly stop is what remains.
  guard.once("error", () => undefined);
  guard.stdin.once("error", () => undefined);
  guard.unref();
  return () => guard.stdin.end("done\n");
}
