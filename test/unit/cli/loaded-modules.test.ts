import { posix } from "node:path";
import { expect, test } from "vitest";
import { projectFiles, readProjectFile } from "../../support/project-files.ts";

/** Libraries that only connections to other systems need: loading one takes a tenth of a command's processor time, or more. */
const LIBRARIES_OF_CONNECTIONS = ["fast-xml-parser", "jose", "ssh2-sftp-client", "undici"];

/** Static imports and re-exports, not `import(…)`, which is loaded when it is reached, and not types, which are gone in a build. */
const STATIC_IMPORT = /^(?:import|export) (?!type )(?:[^;]*? from )?"([^"]+)";/gm;

/** All that is loaded with a module: paths of our files, and names of libraries. */
function loadedWith(entry: string, loaded = new Set<string>()): ReadonlySet<string> {
  if (loaded.has(entry)) return loaded;
  loaded.add(entry);
  for (const [, from = ""] of readProjectFile(entry).matchAll(STATIC_IMPORT)) {
    if (from.startsWith(".")) loadedWith(posix.join(posix.dirname(entry), from), loaded);
    else loaded.add(from);
  }
  return loaded;
}

const commands = projectFiles("src/cli/commands");
/** What a worker loads where it needs it: with one thread, with several, with a fleet, with an ERP. */
const parts = [
  "worker-host.ts",
  "threads/partition-thread.ts",
  "elastic/open-fleet.ts",
  "open-postings.ts",
].map((name) => `src/cli/compose/${name}`);

test("the look finds what is loaded", () => {
  expect(loadedWith("src/sinks/erp/netsuite/sink.ts")).toContain("undici");
  expect(loadedWith("src/cli/compose/open-postings.ts")).toContain("src/sinks/erp/adapters.ts");
  expect(commands).toContain("src/cli/commands/run.ts");
});

test("a thread of partitions loads no adapter of an ERP, and the main thread no engine", () => {
  expect(loadedWith("src/cli/compose/threads/partition-thread.ts")).not.toContain(
    "src/sinks/erp/adapters.ts",
  );
  expect(loadedWith("src/cli/commands/run.ts")).not.toContain("src/pipeline/partition-engine.ts");
});

test.each([...commands, ...parts])(
  "%s loads no connection's code before there is a connection",
  (command) => {
    const loaded = loadedWith(command);
    expect(LIBRARIES_OF_CONNECTIONS.filter((library) => loaded.has(library))).toEqual([]);
    expect([...loaded].filter((path) => path.endsWith("/sink.ts"))).toEqual([]);
  },
);
