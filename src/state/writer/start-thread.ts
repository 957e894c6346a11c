import { Worker, type WorkerOptions } from "node:worker_threads";
import { IS_SOURCE, SOURCE_ROOT } from "../../model/source-root.ts";

/** Loads the sources as they are: Node 20 can't read types, and a thread does not take over a loader given by flag. */
const SOURCE_BOOTSTRAP = `
  const { workerData } = require("node:worker_threads");
  import("tsx/esm/api").then(({ register }) => {
    register();
    return import(workerData.entry);
  });
`;

/**
 * Starts a thread on a module: its place in the folder of sources, `name`, without extension, since a build has it as .js and tests run it as .ts. The
 * thread finds `data` as `workerData.data`.
 */
export function startThread(
  name: string,
  options: Pick<WorkerOptions, "name" | "resourceLimits"> & { readonly data?: unknown } = {},
): Worker {
  const { data, ...rest } = options;
  const entry = new URL(`${name}.${IS_SOURCE ? "ts" : "js"}`, SOURCE_ROOT);
  const workerData = { entry: entry.href, data };
  return IS_SOURCE
    ? new Worker(SOURCE_BOOTSTRAP, { ...rest, workerData, eval: true, execArgv: [] })
    : new Worker(entry, { ...rest, workerData });
}
