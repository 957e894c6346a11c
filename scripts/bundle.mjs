// @ts-check
/**
 * Makes the code of `dist/` (`npm run build`; the compiler adds the types): the command line and each kind of thread with all that it needs are a few
 * files. A process or a thread that loads them takes half of the time that it takes for some thousand modules one by one.
 */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { PROGRAMS } from "./bundle/programs.mjs";

const projectRoot = fileURLToPath(new URL("..", import.meta.url));

/** What others import: their own copy of a package is the one that it uses. */
const LIBRARIES = ["producer/index"];
/** They load compiled code, which they look for beside their own files. */
const NATIVE = ["better-sqlite3", "ssh2", "ssh2-sftp-client"];
/** Packages in the older form call `require`, which a module does not have. */
const REQUIRE =
  'import { createRequire as createRequireOfBuild } from "node:module"; const require = createRequireOfBuild(import.meta.url);';

/** @type {import("esbuild").BuildOptions} */
const COMMON = {
  absWorkingDir: projectRoot,
  outdir: "dist",
  outbase: "src",
  bundle: true,
  splitting: true,
  // As deep as the folder of source-root.ts.
  chunkNames: "chunks/[name]-[hash]",
  format: "esm",
  platform: "node",
  target: "node20.19",
  sourcemap: "linked",
  logLevel: "warning",
};

/** @param {readonly string[]} modules */
function sources(modules) {
  return modules.map((name) => `src/${name}.ts`);
}

// Chunks have the hash of their content in their names: those of former builds would stay.
rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
await build({ ...COMMON, entryPoints: sources(PROGRAMS), external: NATIVE, banner: { js: REQUIRE } });
await build({ ...COMMON, entryPoints: sources(LIBRARIES), packages: "external" });
