import { loadWorkerConfig } from "../../src/cli/config/worker-config.ts";
import { runWorker } from "../../src/cli/commands/run.ts";
import { compileLoadCatalog } from "../../src/cli/compile-load-catalog.ts";
import type { CatalogShape } from "../../src/load/load-catalog.ts";

/** `tributary run` with a load's catalog that was never in files: `large-catalog-process.ts <configuration> <shape as JSON>`. */
const [file = "", json = "{}"] = process.argv.slice(2);
const loaded = loadWorkerConfig({ file, env: {} });
if (!loaded.ok) throw new Error(`the worker's configuration has faults: ${JSON.stringify(loaded.faults)}`);
const shape: CatalogShape = JSON.parse(json);
await runWorker(loaded.config, compileLoadCatalog(shape));
