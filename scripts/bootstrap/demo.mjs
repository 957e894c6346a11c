// @ts-check
import { existsSync } from "node:fs";
import { join } from "node:path";
import { npmCommand } from "./dependencies.mjs";
import { SetupFault } from "./fault.mjs";
import { withProgress } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";

/**
 * Builds, then hands over to the demo.
 * @param {{ projectRoot: string, env: NodeJS.ProcessEnv, args: readonly string[] }} options
 * @returns {Promise<number>} the demo's exit code
 */
export async function runDemo({ projectRoot, env, args }) {
  const script = join(projectRoot, "scripts/demo.mjs");
  if (!existsSync(script)) throw new SetupFault(`${script} is missing from this checkout.`);
  const [npm, ...npmPrefix] = npmCommand(env);
  await withProgress("building", async () => {
    const built = await runCommand(npm, [...npmPrefix, "run", "--silent", "build"], {
      cwd: projectRoot,
      env,
      output: "progress",
    });
    if (built.code !== 0) throw new SetupFault("The build failed; the compiler's messages stand above.");
  });
  return (await runCommand(process.execPath, [script, ...args], { cwd: projectRoot, env, output: "inherit" }))
    .code;
}
