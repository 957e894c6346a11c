import type { BenchReport } from "./report.ts";

/** The report for a terminal and for documents: Markdown tables. */
export function renderTables({
  machine,
  parameters,
  hashes,
  rows,
  targets,
  notes,
  date,
}: BenchReport): string {
  const whole = (value: number): string => Math.round(value).toLocaleString("en");
  const lines = [
    `Measured on ${date}: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}, Node ${machine.node}, nats-server ${machine.natsServer}.`,
    "",
    Object.entries(parameters)
      .map(([name, value]) => `${name} ${typeof value === "number" ? value.toLocaleString("en") : value}`)
      .join(", ") + ".",
    "",
    "| scenario | contender | events/s | min – max | the worker is | CPU s per M events | peak RSS |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows.map((row) =>
      [
        "",
        row.scenario,
        row.contender,
        whole(row.eventsPerSecond),
        `${whole(row.slowest)} – ${whole(row.fastest)}`,
        row.workerRatio === undefined ? "" : `${row.workerRatio.toFixed(2)} ×`,
        row.cpuSecondsPerMillion.toFixed(2),
        `${whole(row.peakRssBytes / 2 ** 20)} MiB`,
        "",
      ]
        .join(" | ")
        .trim(),
    ),
    "",
    ...(targets.length === 0 ? [] : targetTable(targets)),
    ...Object.entries(hashes).map(
      ([scenario, hash]) => `All results of “${scenario}” are equal: ${hash.slice(0, 16)}.`,
    ),
    ...notes,
  ];
  return `${lines.join("\n")}\n`;
}

function targetTable(targets: BenchReport["targets"]): string[] {
  return [
    "| target | wanted | measured | |",
    "| --- | --- | ---: | --- |",
    ...targets.map(
      ({ what, target, measured, verdict }) => `| ${what} | ${target} | ${measured} | ${verdict} |`,
    ),
    "",
  ];
}
