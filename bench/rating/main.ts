import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { BENCHED_MODELS, benchRating } from "./rating-bench.ts";

const DEFAULT_QUANTITIES = 1_000_000;
/** Runs before the measured one, so that the code is compiled. */
const WARM_UP_QUANTITIES = 20_000;

const { values } = parseArgs({
  options: { quantities: { type: "string", default: String(DEFAULT_QUANTITIES) } },
});
const quantities = Number(values.quantities);
if (!Number.isInteger(quantities) || quantities < 1)
  throw new RangeError("--quantities must be a whole number, 1 or more");

process.stdout.write(
  `${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}, one core, ${quantities} quantities\n`,
);
for (const model of BENCHED_MODELS) {
  benchRating(model, WARM_UP_QUANTITIES);
  const result = benchRating(model, quantities);
  const rate = Math.round(result.perSecond).toLocaleString("en");
  process.stdout.write(
    `${model.padEnd(12)} ${rate.padStart(10)} charges/s  ${result.seconds.toFixed(2)} s  results ${result.hash.slice(0, 16)}\n`,
  );
}
