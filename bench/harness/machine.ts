import { spawnSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

/** Where a measurement was made: figures of another machine can't be compared with it. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly natsServer: string;
}

export function describeMachine(natsServerBinary: string): Machine {
  const version = spawnSync(natsServerBinary, ["--version"], { encoding: "utf8" }).stdout.trim();
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: spawnSync("uname", ["-sr"], { encoding: "utf8" }).stdout.trim(),
    node: process.version,
    natsServer: version.replace("nats-server: ", ""),
  };
}
