import { FAILPOINTS, noFaults, type Failpoint, type FaultInjector } from "../../model/fault-injection.ts";
import { TributaryError } from "../../model/errors.ts";

/** Environment variable by which a test names the point and the visit at which the process ends: "after-ack:3". */
export const FAILPOINT_VARIABLE = "TRIBUTARY_FAILPOINT";

function isFailpoint(name: string | undefined): name is Failpoint {
  return FAILPOINTS.some((point) => point === name);
}

/** Ends the process by SIGKILL at the named visit of a point; does nothing where the variable is not set. */
export function faultInjectorFrom(env: NodeJS.ProcessEnv): FaultInjector {
  const setting = env[FAILPOINT_VARIABLE];
  if (setting === undefined || setting === "") return noFaults;
  const [name, visit = "1"] = setting.split(":");
  if (!isFailpoint(name) || !/^\d+$/.test(visit)) {
    throw new TributaryError(
      "usage-invalid",
      `${FAILPOINT_VARIABLE} must be one of ${FAILPOINTS.join(", ")}, with :N behind it.`,
    );
  }
  let left = Number(visit);
  return {
    reach: (point) => {
      if (point !== name || --left > 0) return;
      process.kill(process.pid, "SIGKILL");
      // The signal is delivered when control returns to the system: nothing of ours may run until then.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    },
  };
}
