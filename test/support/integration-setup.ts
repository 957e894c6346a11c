import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { locateNatsServer, SERVER_VARIABLE } from "../../scripts/bootstrap/nats-server-locate.mjs";

const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Runs once before the integration tests: they need a real nats-server, and start the built worker as a process. */
export default async function setup(): Promise<void> {
  const server = await locateNatsServer({ projectRoot });
  process.env[SERVER_VARIABLE] = server.path;
  if (newestChange(join(projectRoot, "src")) > newestChange(join(projectRoot, "dist"))) build();
}

function newestChange(folder: string): number {
  if (!existsSync(folder)) return 0;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const changes = entries
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return Math.max(0, ...changes);
}

function build(): void {
  const compiler = join(projectRoot, "node_modules/typescript/bin/tsc");
  const result = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: projectRoot,
    stdio: "inherit",
  });
  if (result.status !== 0) throw new Error("the build failed; the compiler's messages stand above");
}
