import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { guardProcess } from "../../scripts/nats-server/guard.mjs";
import type { Ledger } from "../../test/simulators/netsuite/ledger.ts";
import { machineClient } from "../../test/support/erp/machine-client.ts";
import { PROJECT_ROOT } from "../harness/project-root.ts";

const MAIN = join(PROJECT_ROOT, "test/simulators/netsuite/main.ts");
const ACCOUNT = "1234567_SB1";

/** The simulated NetSuite as a process of its own, so that it does not share the worker's processor time unseen. */
export class SimulatedNetsuite {
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly #controlToken: string;
  readonly #authentication: Readonly<Record<string, string>>;

  private constructor(
    child: ChildProcess,
    url: string,
    controlToken: string,
    authentication: Readonly<Record<string, string>>,
  ) {
    this.#child = child;
    this.#url = url;
    this.#controlToken = controlToken;
    this.#authentication = authentication;
  }

  /**
   * @param folder for its configuration and the client's key
   * @param latencyMs of each request
   * @param concurrency requests that it takes at a time; one more is refused
   */
  static async start(options: {
    readonly folder: string;
    readonly latencyMs: number;
    readonly concurrency: number;
  }): Promise<SimulatedNetsuite> {
    const { folder, latencyMs, concurrency } = options;
    mkdirSync(folder, { recursive: true });
    const client = machineClient(folder);
    const controlToken = randomBytes(16).toString("hex");
    const file = join(folder, "netsuite.json");
    const configuration = {
      controlToken,
      latencyMs,
      concurrency,
      account: { id: ACCOUNT },
      machine: client.account,
    };
    writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 });
    const child = spawn(process.execPath, ["--import", "tsx", MAIN, "--config", file], {
      cwd: PROJECT_ROOT,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const release = child.pid === undefined ? () => undefined : guardProcess(child.pid);
    child.once("exit", release);
    const url = await new Promise<string>((resolve, reject) => {
      child.once("exit", (code) => {
        reject(new Error(`the simulated NetSuite ended with ${String(code)}`));
      });
      createInterface({ input: child.stdout }).once("line", (line) => {
        const started: { readonly url: string } = JSON.parse(line);
        resolve(started.url);
      });
    });
    return new SimulatedNetsuite(child, url, controlToken, client.settings);
  }

  /** A worker's connection to it. */
  settings(posting: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return {
      adapter: "netsuite",
      account: ACCOUNT,
      url: this.#url,
      authentication: this.#authentication,
      posting,
    };
  }

  /** What it has, and every request that it was sent. */
  async ledger(): Promise<Ledger> {
    const response = await fetch(`${this.#url}/control`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#controlToken}`, "content-type": "application/json" },
      body: JSON.stringify({ do: "ledger" }),
    });
    if (!response.ok) throw new Error(`the simulated NetSuite answers ${response.status}`);
    const ledger: Ledger = JSON.parse(await response.text());
    return ledger;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}
