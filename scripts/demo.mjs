// @ts-check
/**
 * The demo: `npm run demo` builds and starts it. It starts a broker, a worker and a producer, and ends them.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { locateNatsServer } from "./bootstrap/nats-server-locate.mjs";
import { MAIN } from "./demo/command-line.mjs";
import { Display } from "./demo/display.mjs";
import { HELP, readOptions } from "./demo/options.mjs";
import { runDemo } from "./demo/run-demo.mjs";
import { DemoFault } from "./demo/wait.mjs";
import { createFolder } from "./demo/workspace.mjs";

const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const EXIT_FAULT = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

/**
 * @param {import("./demo/options.mjs").DemoOptions} options
 * @returns {Promise<number>}
 */
async function demo(options) {
  const interruption = new AbortController();
  // Every further Ctrl-C finds the clean-up at work already.
  for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => interruption.abort());
  /** @type {(() => Promise<unknown>)[]} */
  const releases = [];
  const { folder, remove } = createFolder();
  const display = new Display(process.stdout);
  try {
    const server = await locateNatsServer({ projectRoot });
    const isSound = await runDemo({
      folder,
      serverBinary: server.path,
      options,
      display,
      signal: interruption.signal,
      onEnd: (release) => releases.unshift(release),
    });
    return isSound ? 0 : EXIT_FAULT;
  } catch (error) {
    if (interruption.signal.aborted) {
      display.alarm("Interrupted.");
      return EXIT_INTERRUPTED;
    }
    if (!(error instanceof DemoFault)) throw error;
    display.alarm(error.message);
    return EXIT_FAULT;
  } finally {
    // What was started last ends first; one that can't be ended must not keep the others.
    for (const release of releases) {
      await release().catch((error) => display.alarm(`While cleaning up: ${error}`));
    }
    remove();
  }
}

/** @param {readonly string[]} args */
async function main(args) {
  /** @type {import("./demo/options.mjs").DemoOptions} */
  let options;
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (!existsSync(MAIN)) {
    process.stderr.write("Nothing is built yet: npm run demo builds and then starts this script.\n");
    return EXIT_FAULT;
  }
  return demo(options);
}

process.exitCode = await main(process.argv.slice(2));
