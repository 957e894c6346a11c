/** Writes the pages of docs/ that follow from the code. A test fails while they are stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { Registry } from "prom-client";
import { workerConfigKeys, workerConfigSections } from "../src/cli/config/config-keys.ts";
import { postingSettingsJsonSchema } from "../src/cli/schemas/connections-schema.ts";
import { createProgram } from "../src/cli/program.ts";
import { ERRORS } from "../src/model/errors.ts";
import { defineMetrics, METRIC_PREFIX } from "../src/ops/metric-definitions.ts";
import { definePostingMetrics } from "../src/ops/posting-metrics.ts";
import { defineStreamMetrics } from "../src/ops/stream-metrics.ts";
import {
  committedReport,
  FLEET_REPORT,
  renderBenchmarksPage,
  withBenchmarks,
  withCosts,
  withFigures,
} from "./docs/benchmarks-page.ts";
import { committedChaosRuns, withChaosRuns } from "./docs/chaos-runs.ts";
import { renderCliReference } from "./docs/cli-reference.ts";
import { renderConfigReference } from "./docs/config-reference.ts";
import { renderErrorList } from "./docs/error-list.ts";
import { renderMetricList } from "./docs/metric-list.ts";

const registry = new Registry();
defineMetrics(registry);
definePostingMetrics(registry, METRIC_PREFIX);
defineStreamMetrics(registry, METRIC_PREFIX);
const projectRoot = new URL("../", import.meta.url);
const report = committedReport(projectRoot);
const pages = {
  "benchmarks.md": renderBenchmarksPage(report),
  "cli.md": renderCliReference(await createProgram()),
  "errors.md": renderErrorList(ERRORS),
  "configuration.md": renderConfigReference(
    workerConfigKeys(),
    workerConfigSections(),
    postingSettingsJsonSchema(),
  ),
  "metrics.md": renderMetricList(registry),
};
for (const [name, text] of Object.entries(pages)) {
  writeFileSync(new URL(`docs/${name}`, projectRoot), text);
}
const readme = new URL("README.md", projectRoot);
writeFileSync(readme, withBenchmarks(readFileSync(readme, "utf8"), report));
const fleetReport = committedReport(projectRoot, FLEET_REPORT);
const scaling = new URL("docs/scaling.md", projectRoot);
if (report !== undefined && fleetReport !== undefined)
  writeFileSync(scaling, withCosts(withFigures(readFileSync(scaling, "utf8"), fleetReport), report));
const reliability = new URL("docs/reliability.md", projectRoot);
const withChaos = withChaosRuns(readFileSync(reliability, "utf8"), committedChaosRuns(projectRoot));
writeFileSync(reliability, fleetReport === undefined ? withChaos : withFigures(withChaos, fleetReport));
