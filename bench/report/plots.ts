import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { LatencyCurve } from "../harness/latency-recorder.ts";
import type { GrowthPoint } from "../scenarios/scenario.ts";
import { comparedRows, plotFilesOf, type PlotFile } from "./plot-files.ts";
import type { BenchReport, ReportRow } from "./report.ts";

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 760;
const HEIGHT = 380;
const GRID = { left: 90, right: 40, top: 40, bottom: 70 } as const;

/** Plots of a report by the names of their files. */
export function plotsOf(report: BenchReport): ReadonlyMap<PlotFile, string> {
  const draw: Readonly<Record<PlotFile, () => string>> = {
    "throughput.svg": () => throughputPlot(comparedRows(report)),
    "growth.svg": () => growthPlot(report.growth),
    "latency.svg": () => latencyPlot(report.latency),
  };
  return new Map(plotFilesOf(report).map(({ file }) => [file, draw[file]()]));
}

/** Throughput of all contenders by scenario. */
export function throughputPlot(rows: readonly ReportRow[]): string {
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))].toReversed();
  const contenders = [...new Set(rows.map(({ contender }) => contender))];
  const speed = (scenario: string, contender: string): number | null =>
    rows.find((row) => row.scenario === scenario && row.contender === contender)?.eventsPerSecond ?? null;
  return draw({
    title: title("Events per second (median; longer is faster)"),
    legend: { bottom: 0, itemGap: 20 },
    grid: { ...GRID, left: 160 },
    xAxis: { type: "value" },
    yAxis: { type: "category", data: scenarios },
    series: contenders.map((contender) => ({
      name: contender,
      type: "bar",
      data: scenarios.map((scenario) => speed(scenario, contender)),
    })),
  });
}

/** Throughput against accounts and against remembered keys. */
export function growthPlot(growth: readonly GrowthPoint[]): string {
  const kinds = [...new Set(growth.map((point) => point.of))];
  return draw({
    title: title("Events per second by the size of the state"),
    legend: { bottom: 0, itemGap: 20 },
    grid: GRID,
    xAxis: { type: "log", name: "accounts, remembered keys", nameLocation: "middle", nameGap: 25 },
    yAxis: { type: "value", min: 0 },
    series: kinds.map((kind) => ({
      name: kind,
      type: "line",
      symbolSize: 8,
      data: growth
        .filter((point) => point.of === kind)
        .map(({ count, eventsPerSecond }) => [count, Math.round(eventsPerSecond)]),
    })),
  });
}

/**
 * Latency by percentile as HDR histograms are plotted: each step to the right along the axis 1 / (1 − quantile) leaves a
 * tenth of the events beyond it.
 */
export function latencyPlot(latency: LatencyCurve): string {
  const points = latency
    .filter(({ percentile }) => percentile < 100)
    .map(({ percentile, ms }) => [100 / (100 - percentile), ms]);
  return draw({
    title: title("Arrival → committed by percentile, ms (at half the maximum load)"),
    grid: GRID,
    xAxis: {
      type: "log",
      name: "percentile",
      nameLocation: "middle",
      nameGap: 25,
      axisLabel: { formatter: (beyond: number) => percentileLabel(beyond) },
    },
    yAxis: { type: "value", min: 0 },
    series: [{ type: "line", symbolSize: 5, data: points }],
  });
}

/** `1000` → `99.9`: one of so many events is beyond it. */
export function percentileLabel(oneOf: number): string {
  return String(Number((100 - 100 / oneOf).toFixed(6)));
}

function title(text: string): object {
  return { text, left: "center", textStyle: { fontSize: 14 } };
}

function draw(option: object): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({ animation: false, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
