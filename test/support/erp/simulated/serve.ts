import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { SimulatedErp } from "../simulated-erp.ts";
import { SIMULATED_ERPS } from "./all.ts";

/**
 * Simulated ERPs as a process of its own, which outlasts workers that are killed: `node --import tsx serve.ts --settings-file FILE [--seed N] ADAPTER…`.
 * Writes the settings of their connections, secrets included, and the rows of their mappings to the file, then prints `{"ready": true}`. Each line
 * that it reads is answered by a line: what each ERP has. The first requests that create something go wrong. Ends at SIGTERM.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "settings-file": { type: "string" }, seed: { type: "string", default: "1" } },
});
const settingsFile = values["settings-file"];
if (settingsFile === undefined) throw new Error("--settings-file FILE is required");

const erps = new Map<string, SimulatedErp>();
for (const adapter of positionals) {
  const kind = SIMULATED_ERPS.find(({ connection }) => connection === adapter);
  if (kind === undefined) throw new Error(`no simulated ERP ${adapter}`);
  const folder = join(dirname(settingsFile), `erp-${adapter}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const erp = await kind.start({ folder, seed: Number(values.seed) });
  erp.fault("lost-after-commit", { times: 2 });
  erp.fault("lost-before-commit", { times: 1 });
  if (erp.abilities.throttling) erp.fault("throttle-storm", { times: 1 });
  erps.set(adapter, erp);
}
const settings = [...erps].map(([name, erp]) => [name, { settings: erp.settings(), mapping: erp.mapping() }]);
writeFileSync(settingsFile, JSON.stringify(Object.fromEntries(settings)), { mode: 0o600 });

const print = (answer: object): void => {
  process.stdout.write(
    `${JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}\n`,
  );
};
createInterface({ input: process.stdin }).on("line", () => {
  const views = [...erps].map(([name, erp]) => [
    name,
    {
      documents: erp.documents(),
      journals: erp.journals(),
      requests: erp.requests(),
      wrongRequests: erp.wrongRequests(),
    },
  ]);
  print(Object.fromEntries(views));
});
print({ ready: true });
process.once("SIGTERM", () => {
  void Promise.all([...erps.values()].map((erp) => erp.close())).finally(() => process.exit());
});
