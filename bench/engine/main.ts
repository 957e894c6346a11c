import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { benchEngine, benchStages, STAGES, type Stage } from "./engine-bench.ts";
import { createWorkload, type WireForm } from "./workload.ts";

const DEFAULT_EVENTS = 1_000_000;
const EVENTS_PER_MESSAGE = 1_000;
const DUPLICATES_PERCENT = 1;

interface Scenario {
  readonly form: WireForm;
  readonly accounts: number;
  readonly grouped: boolean;
}
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  columnar: { form: "columnar", accounts: 10_000, grouped: false },
  "columnar-grouped": { form: "columnar", accounts: 10_000, grouped: true },
  "columnar-1m": { form: "columnar", accounts: 1_000_000, grouped: false },
  "json-batch": { form: "json-batch", accounts: 10_000, grouped: false },
  "json-single": { form: "json-single", accounts: 10_000, grouped: false },
};

const { values } = parseArgs({
  options: {
    events: { type: "string", default: String(DEFAULT_EVENTS) },
    scenario: { type: "string", multiple: true, default: Object.keys(SCENARIOS) },
    rounds: { type: "string", default: "3" },
    accounts: { type: "string" },
  },
});
const events = Number(values.events);
const rounds = Number(values.rounds);
if (!(Number.isInteger(events) && events > 0 && Number.isInteger(rounds) && rounds > 0))
  throw new RangeError("--events and --rounds must be whole numbers, 1 or more");

process.stdout.write(
  `${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}; ${events} events, ${EVENTS_PER_MESSAGE} a batch, ` +
    `${DUPLICATES_PERCENT} % duplicates; processor time in ns an event, least of ${rounds} rounds\n` +
    `${"scenario".padEnd(18)}${["engine", ...STAGES].map((name) => name.padStart(12)).join("")}   million/s  results\n`,
);
for (const name of values.scenario) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) throw new RangeError(`no scenario ${name}`);
  const workload = createWorkload({
    ...scenario,
    ...(values.accounts === undefined ? {} : { accounts: Number(values.accounts) }),
    events,
    eventsPerMessage: EVENTS_PER_MESSAGE,
    duplicatesPercent: DUPLICATES_PERCENT,
  });
  let engine = Number.POSITIVE_INFINITY;
  let hash = "";
  const stages = new Map<Stage, number>();
  for (let round = 0; round < rounds; round++) {
    const result = benchEngine(workload);
    engine = Math.min(engine, result.nsPerEvent);
    hash = result.hash;
    const spent = benchStages(workload);
    for (const stage of STAGES) stages.set(stage, Math.min(stages.get(stage) ?? Infinity, spent[stage]));
  }
  const figures = [engine, ...STAGES.map((stage) => stages.get(stage) ?? 0)];
  process.stdout.write(
    `${name.padEnd(18)}${figures.map((ns) => ns.toFixed(0).padStart(12)).join("")}   ${(1_000 / engine).toFixed(2).padStart(9)}  ${hash.slice(0, 12)}\n`,
  );
}
