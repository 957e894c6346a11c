import { isMainThread } from "node:worker_threads";
import {
  FAILPOINTS,
  noFaults,
  POSTING_FAILPOINTS,
  REPARTITION_FAILPOINTS,
  TAX_FAILPOINTS,
  type Failpoint,
  type FaultInjector,
} from "../../model/fault-injection.ts";
import { TributaryError } from "../../model/errors.ts";

/**
 * Environment variable by which a test names the point and the visit at which the process ends: "after-ack:3"; with
 * ":thread" behind it only the thread ends that reaches it, at every so many visits of its next ones.
 */
export const FAILPOINT_VARIABLE = "TRIBUTARY_FAILPOINT";

const ALL_FAILPOINTS: readonly Failpoint[] = [
  ...FAILPOINTS,
  ...TAX_FAILPOINTS,
  ...POSTING_FAILPOINTS,
  ...REPARTITION_FAILPOINTS,
];

function isFailpoint(name: string | undefined): name is Failpoint {
  return ALL_FAILPOINTS.some((point) => point === name);
}

/** Ends the process by SIGKILL at the named visit of a point; does nothing where the variable is not set. */
export function faultInjectorFrom(env: NodeJS.ProcessEnv): FaultInjector {
  const setting = env[FAILPOINT_VARIABLE];
  if (setting === undefined || setting === "") return noFaults;
  const [name, visit = "1", scope = "process"] = setting.split(":");
  if (!isFailpoint(name) || !/^\d+$/.test(visit) || !["process", "thread"].includes(scope)) {
    throw new TributaryError(
      "usage-invalid",
      `${FAILPOINT_VARIABLE} must be one of ${ALL_FAILPOINTS.join(", ")}, with :N or :N:thread behind it.`,
    );
  }
  let left = Number(visit);
  return {
    reach: (point) => {
      if (point !== name || --left > 0) return;
      if (scope === "thread" && !isMainThread) process.exit(1);
      process.kill(process.pid, "SIGKILL");
      // The signal is delivered when control returns to the system: nothing of ours may run until then.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    },
  };
}
