import type { Registry } from "prom-client";
import { METRIC_PREFIX } from "../../src/ops/metric-definitions.ts";

interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** The metrics of ours in a registry, in the order of their definition. */
export function describeMetrics(registry: Registry): MetricDescription[] {
  return registry
    .getMetricsAsArray()
    .map((metric) => {
      // The library's types leave out the label names; the type is a text, whatever they say.
      const labels: unknown = Reflect.get(metric, "labelNames");
      return {
        name: metric.name,
        type: String(Reflect.get(metric, "type") ?? ""),
        help: metric.help,
        labels: Array.isArray(labels) ? labels.map(String) : [],
      };
    })
    .filter((metric) => metric.name.startsWith(METRIC_PREFIX));
}

/** The page that lists every metric. */
export function renderMetricList(registry: Registry): string {
  const rows = describeMetrics(registry).map(({ name, type, help, labels }) => {
    const shown = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${shown} | ${help} |`;
  });
  return [
    "# Metrics",
    "",
    "A worker serves them at `/metrics` of its admin port, beside the usual `process_…` and `nodejs_…` ones. Times are in",
    "seconds, sizes in bytes. Labels are bounded: never an account or an id; `reason` is a reason of `src/model/outcome.ts`",
    "or a code of `docs/errors.md`; regions beyond the 64th are `other`. Counters count since the start of the process;",
    "gauges of stored figures go on across restarts. Written from `src/ops/metric-definitions.ts` by `npm run docs`.",
    "",
    "| metric | type | labels | meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
