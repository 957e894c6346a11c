import { execFile, spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { PROJECT_ROOT, readProjectFile } from "../support/project-files.ts";
import { DEADLINE_MS } from "../support/wait-until.ts";

const run = promisify(execFile);
const MAIN = "dist/cli/main.js";
const PAGES = ["README.md", "examples/access-log/README.md"];
const DOCUMENTED_SERVER = "nats://127.0.0.1:4222";

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  return [...readProjectFile(page).matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(
    ([, language = "", text = ""]) => ({ language, text }),
  );
}

/** Lines of shell blocks without the contents of here-documents. */
function commandLines(page: string): string[] {
  return blocksOf(page)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.replaceAll(/<<'EOF'\n[^]*?^EOF$/gm, "").split("\n"))
    .filter((line) => line.trim() !== "");
}

/** `node <script> <words>` of a page. */
function nodeCommands(page: string): { script: string; words: string[] }[] {
  return commandLines(page).flatMap((line) => {
    const [, script, rest = ""] = /^node (\S+)(?: (.*))?$/.exec(line) ?? [];
    return script === undefined || script.startsWith("sandbox/") ? [] : [{ script, words: rest.split(" ") }];
  });
}

async function helpOf(script: string, words: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [script, ...words, "--help"], { cwd: PROJECT_ROOT });
  return stdout;
}

describe.each(PAGES)("%s", (page) => {
  it("names npm scripts that exist", () => {
    const scripts = z.object({ scripts: z.record(z.string(), z.string()) });
    const known = Object.keys(scripts.parse(JSON.parse(readProjectFile("package.json"))).scripts);
    const used = [...readProjectFile(page).matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(
      ([, name]) => name,
    );
    expect(used.filter((name) => name === undefined || !known.includes(name))).toEqual([]);
  });

  it("links to files that exist", () => {
    const links = [...readProjectFile(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(
      ([, target = ""]) => target,
    );
    const folder = dirname(join(PROJECT_ROOT, page));
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((target) => !existsSync(join(folder, target)))).toEqual([]);
  });

  it("names commands and flags that --help knows", async () => {
    const commands = nodeCommands(page);
    expect(commands.length).toBeGreaterThan(0);
    for (const { script, words } of commands) {
      const end = words.findIndex((word) => word.startsWith("-"));
      const isMain = script === MAIN;
      const subcommands = isMain ? words.slice(0, end < 0 ? words.length : end) : [];
      const help = await helpOf(script, subcommands);
      // Help of an unknown subcommand is that of the program above it.
      expect(help).toContain(
        isMain ? `Usage: tributary ${subcommands.join(" ")} ` : `usage: node ${script} `,
      );
      for (const flag of words.filter((word) => word.startsWith("--"))) {
        expect(help).toMatch(new RegExp(`^\\s+(-\\w, )?${flag}\\b`, "m"));
      }
    }
  });
});

describe("the README's walk through a worker of one's own", () => {
  let server: TestServer;
  let folder = "";
  let worker: ChildProcess | undefined;
  let environment: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    server = await startNatsServer();
    folder = mkdtempSync(join(tmpdir(), "tributary-readme-"));
    symlinkSync(join(PROJECT_ROOT, "node_modules"), join(folder, "node_modules"));
    for (const name of ["dist", "package.json", "examples", "deploy"]) {
      cpSync(join(PROJECT_ROOT, name), join(folder, name), { recursive: true });
    }
    environment = { ...process.env, TRIBUTARY__ADMIN__PORT: String(await freePort()) };
  });

  afterAll(async () => {
    await stopWorker();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function stopWorker(): Promise<number | null> {
    const running = worker;
    if (running === undefined || running.exitCode !== null) return running?.exitCode ?? null;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGTERM");
    await ended;
    return running.exitCode;
  }

  async function shell(text: string): Promise<string> {
    const { stdout } = await run("sh", ["-e", "-c", text], { cwd: folder, env: environment });
    return stdout;
  }

  /** The walk's shell blocks and its script, with the broker's address replaced by that of the test's. */
  function walk(): Block[] {
    const blocks = blocksOf("README.md").map(({ language, text }) => ({
      language,
      text: text.replaceAll(DOCUMENTED_SERVER, server.url),
    }));
    const start = blocks.findIndex(({ text }) => text.startsWith("npm run setup"));
    expect(start).toBeGreaterThan(0);
    return blocks.slice(start);
  }

  it("works as it is written", async () => {
    const shellBlocks = walk().filter(({ language }) => language === "sh");
    const [
      prepare = "",
      startServer = "",
      catalog = "",
      config = "",
      start = "",
      send = "",
      ask = "",
      doctor = "",
    ] = shellBlocks.map(({ text }) => text);
    expect(shellBlocks).toHaveLength(8);

    // The checkout of this test is set up and built; its broker has a free port.
    await shell(prepare.replaceAll(/^npm .*$/gm, ""));
    const [, serverConfig = ""] = / --config (\S+)/.exec(startServer) ?? [];
    await shell(`"$TRIBUTARY_NATS_SERVER" -t --config ${serverConfig}`);
    await shell(catalog);
    await shell(config);

    const [command = "", ...args] = start.trim().split(" ");
    expect(command).toBe("node");
    worker = spawn(process.execPath, args, { cwd: folder, env: environment, stdio: "ignore" });
    await expect.poll(isReady, { timeout: DEADLINE_MS }).toBe(true);

    const script = walk().find(({ language }) => language === "js")?.text ?? "";
    mkdirSync(join(folder, "sandbox"), { recursive: true });
    writeFileSync(join(folder, "sandbox/send.mjs"), script);
    expect(await shell(send)).toMatch(/^stored in USAGE_\d+ at 1$/m);

    await expect
      .poll(() => shell(ask).catch(() => ""), { timeout: DEADLINE_MS })
      .toContain("accepted: partition");
    const answer = await shell(ask);
    expect(answer).toMatch(/acme\.com +egress .* 7697 +1$/m);
    expect(answer).toMatch(/^Balanced: /m);
    // A broker that a test or a laptop has is not one to rely on, and the doctor says so by its exit code.
    expect(await shell(`${doctor.trim()} || true`)).toContain("sync_interval");
    expect(await stopWorker()).toBe(0);
  });

  async function isReady(): Promise<boolean> {
    expect(worker?.exitCode).toBeNull();
    try {
      return (await fetch(`http://127.0.0.1:${environment["TRIBUTARY__ADMIN__PORT"]}/readyz`)).ok;
    } catch {
      return false;
    }
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
