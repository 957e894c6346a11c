import { Worker, type WorkerOptions } from "node:worker_threads";

/** Loads the sources as they are: Node 20 can't read types, and a thread does not take over a loader given by flag. */
const SOURCE_BOOTSTRAP = `
  const { workerData } = require("node:worker_threads");
  import("tsx/esm/api").then(({ register }) => {
    register();
    return import(workerData.entry);
  });
`;

/**
 * Starts a thread on a module beside `importer` (its import.meta.url): `name` without extension, since a build has the
 * module as .js and tests run it as .ts. The thread finds `data` as `workerData.data`.
 */
export function startThread(
  importer: string,
  name: string,
  options: Pick<WorkerOptions, "name" | "resourceLimits"> & { readonly data?: unknown } = {},
): Worker {
  const { data, ...rest } = options;
  const isSource = importer.endsWith(".ts");
  const entry = new URL(`${name}.${isSource ? "ts" : "js"}`, importer);
  const workerData = { entry: entry.href, data };
  return isSource
    ? new Worker(SOURCE_BOOTSTRAP, { ...rest, workerData, eval: true, execArgv: [] })
    : new Worker(entry, { ...rest, workerData });
}
