import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchReport } from "../../bench/report/report.ts";
import { PROJECT_ROOT } from "./project-files.ts";

/**
 * Runs the benchmark's short form, which writes into the folder, and returns its report. Throws where it does not end well: a wrong result, a
 * scenario that failed, a ratio below its floor.
 * @param scenarios their names; none: those of the short form
 */
export async function runSmokeBench(folder: string, scenarios: readonly string[] = []): Promise<BenchReport> {
  const only = scenarios.flatMap((name) => ["--only", name]);
  const args = ["--import", "tsx", "bench/main.ts", "--output", folder, "--smoke", ...only];
  const child = spawn(process.execPath, args, { cwd: PROJECT_ROOT, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`the benchmark ended with ${String(code)}: ${stderr}`);
  const report: BenchReport = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
  return report;
}
