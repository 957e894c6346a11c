// @ts-check
/**
 * Gets a fresh checkout to work with Node and npm alone, then runs what was asked for:
 *
 *   node scripts/bootstrap.mjs install          dependencies and a nats-server, whose path is printed
 *   node scripts/bootstrap.mjs test [args…]     all checks and tests; the arguments go to vitest
 *   node scripts/bootstrap.mjs demo [args…]     the demo; the arguments go to it
 *
 * Nothing but Node's own modules is imported here: it runs before anything is installed.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { printCounts, runChecks } from "./bootstrap/checks.mjs";
import { runDemo } from "./bootstrap/demo.mjs";
import { ensureDependencies } from "./bootstrap/dependencies.mjs";
import { SetupFault } from "./bootstrap/fault.mjs";
import { locateNatsServer, SERVER_VARIABLE } from "./bootstrap/nats-server-locate.mjs";
import { say } from "./bootstrap/progress.mjs";
import { nodeRefusal } from "./bootstrap/versions.mjs";

const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const EXIT_FAULT = 1;
const EXIT_USAGE = 2;

/** @returns {Promise<NodeJS.ProcessEnv>} the environment for what runs next */
async function setUp() {
  const refusal = nodeRefusal(process.version);
  if (refusal !== undefined) throw new SetupFault(refusal);
  await ensureDependencies(projectRoot);
  const server = await locateNatsServer({ projectRoot });
  say(`nats-server ${server.version} (${server.origin})`);
  return { ...process.env, [SERVER_VARIABLE]: server.path };
}

/**
 * @param {string | undefined} command
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code
 */
async function main(command, args) {
  switch (command) {
    case "install": {
      const env = await setUp();
      process.stdout.write(`${env[SERVER_VARIABLE]}\n`);
      return 0;
    }
    case "test":
      return runChecks({ projectRoot, env: await setUp(), vitestArgs: args });
    case "demo":
      return runDemo({ projectRoot, env: await setUp(), args });
    case undefined:
    default:
      process.stderr.write("usage: node scripts/bootstrap.mjs <install|test|demo> [arguments]\n");
      return EXIT_USAGE;
  }
}

const [command, ...args] = process.argv.slice(2);
try {
  process.exitCode = await main(command, args);
} catch (error) {
  if (!(error instanceof SetupFault)) throw error;
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = EXIT_FAULT;
  // Whoever reads only the end must see that the checks did not pass.
  if (command === "test") printCounts({ passed: 0, failed: 1 });
}
