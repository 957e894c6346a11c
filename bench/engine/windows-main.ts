import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { benchWindows } from "./windows-bench.ts";

const { values } = parseArgs({
  options: {
    accounts: { type: "string", default: "625" },
    hours: { type: "string", default: "40" },
    "warm-up-hours": { type: "string", default: "8" },
  },
});
const [accounts, hours, warmUpHours] = [values.accounts, values.hours, values["warm-up-hours"]].map(Number);
const isPositive = (count: number | undefined): count is number =>
  Number.isInteger(count) && count !== undefined && count > 0;
if (!isPositive(accounts) || !isPositive(hours) || !isPositive(warmUpHours))
  throw new RangeError("--accounts, --hours and --warm-up-hours must be whole numbers, 1 or more");

const { windows, rateNs, packNs, publishNs, hash } = await benchWindows(accounts, hours, warmUpHours);
const microseconds = (ns: number): string => (ns / 1_000).toFixed(2).padStart(8);
process.stdout.write(
  `${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}; ${windows} windows that complete, ${accounts} accounts; ` +
    "processor time in µs a window\n" +
    `${["rate", "pack", "publish", "all"].map((name) => name.padStart(8)).join("")}  results\n` +
    `${[rateNs, packNs, publishNs, rateNs + packNs + publishNs].map(microseconds).join("")}  ${hash.slice(0, 12)}\n`,
);
