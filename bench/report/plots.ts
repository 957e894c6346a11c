import { init, use } from "echarts/core";
import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
import type { ReportRow } from "./report.ts";

use([BarChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 760;
const HEIGHT = 380;

/** Throughput of all contenders by scenario, as SVG. */
export function throughputPlot(rows: readonly ReportRow[]): string {
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
  const contenders = [...new Set(rows.map(({ contender }) => contender))];
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    title: {
      text: "Events per second (median; longer is faster)",
      left: "center",
      textStyle: { fontSize: 14 },
    },
    legend: { bottom: 0 },
    grid: { left: 150, right: 40, top: 40, bottom: 60 },
    xAxis: { type: "value" },
    yAxis: { type: "category", data: scenarios.toReversed() },
    series: contenders.map((contender) => ({
      name: contender,
      type: "bar",
      data: scenarios
        .toReversed()
        .map(
          (scenario) =>
            rows.find((row) => row.scenario === scenario && row.contender === contender)?.eventsPerSecond ??
            null,
        ),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
