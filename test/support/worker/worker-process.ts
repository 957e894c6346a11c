import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { guardProcess } from "../../../scripts/nats-server/guard.mjs";
import { FAILPOINT_VARIABLE } from "../../../src/cli/compose/fault-injector.ts";
import type { Failpoint } from "../../../src/model/fault-injection.ts";
import { PROJECT_ROOT } from "../project-files.ts";
import { DEADLINE_MS, waitUntil } from "../wait-until.ts";

const MAIN = join(PROJECT_ROOT, "dist/cli/main.js");

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What /status says; see `workerStatus`. */
export interface WorkerStatus {
  readonly state: string;
  readonly totals: Readonly<Record<string, number>>;
  /** Messages that wait in the streams of its partitions. */
  readonly backlog: number;
  readonly partitions: readonly {
    readonly partition: number;
    readonly state: string;
    readonly fault: { readonly code: string; readonly message: string; readonly atMs: number } | null;
    readonly position: number | null;
    readonly controlPosition: number | null;
    readonly watermark: string | null;
    readonly watermarks: readonly {
      readonly region: string;
      readonly watermark: string | null;
      readonly idle: boolean;
      readonly source: { readonly lagMessages: number; readonly reachable: boolean } | null;
    }[];
    readonly retention: readonly { readonly stream: string; readonly alarm: string | null }[];
    readonly sinks: readonly {
      readonly target: string;
      readonly pending: number;
      readonly phase: string;
      readonly lastErrorCode?: string;
    }[];
  }[];
}

export interface Readyz {
  readonly httpStatus: number;
  readonly ready: boolean;
  readonly reasons: readonly { readonly code: string; readonly partition?: number }[];
}

export interface WorkerStart {
  readonly config: string;
  readonly failpoint?: { readonly point: Failpoint; readonly visit: number; readonly scope?: "thread" };
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A worker as a process of its own: the built command, as an operator starts it. */
export class WorkerProcess {
  readonly exited: Promise<WorkerExit>;
  readonly #child: ChildProcess;
  readonly #lines: Readonly<Record<string, unknown>>[] = [];
  #stderr = "";
  #exit: WorkerExit | undefined;
  #port: number | undefined;

  constructor({ config, failpoint, env: more = {} }: WorkerStart) {
    const env: NodeJS.ProcessEnv = { ...process.env, ...more };
    delete env[FAILPOINT_VARIABLE];
    if (failpoint !== undefined) {
      const { point, visit, scope = "process" } = failpoint;
      env[FAILPOINT_VARIABLE] = `${point}:${visit}:${scope}`;
    }
    const child = spawn(process.execPath, [MAIN, "run", "--config", config], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const release = child.pid === undefined ? () => undefined : guardProcess(child.pid);
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#read(line);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.exited = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        release();
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  /** The end of the process; undefined while it runs. */
  get exit(): WorkerExit | undefined {
    return this.#exit;
  }

  /** Throws when the process could not be started. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the worker does not run");
    return this.#child.pid;
  }

  /** What it wrote to its log, a record a line. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.#lines;
  }

  /** The end of its log and of standard error, for the message of a test that fails. */
  get tail(): string {
    return `${this.#lines
      .slice(-15)
      .map((line) => JSON.stringify(line))
      .join("\n")}\n${this.#stderr}`;
  }

  send(signal: NodeJS.Signals): void {
    if (this.#exit === undefined) this.#child.kill(signal);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<WorkerExit> {
    this.send("SIGKILL");
    return this.exited;
  }

  /** Waits until it has ended as by a crash; throws where it ended in another way. */
  async crashed(): Promise<void> {
    const { code, signal } = await this.exited;
    if (signal !== "SIGKILL")
      throw new Error(`no crash: it ended with ${String(code)} ${String(signal)}\n${this.tail}`);
  }

  /** Sends SIGTERM and waits for the end; throws where it does not exit with 0. */
  async drain(deadlineMs = DEADLINE_MS): Promise<void> {
    this.send("SIGTERM");
    await waitUntil("the worker has drained", () => this.#exit !== undefined, deadlineMs);
    if (this.#exit?.code !== 0) throw new Error(`it ended with ${JSON.stringify(this.#exit)}:\n${this.tail}`);
  }

  /** Waits until a condition on the running worker holds; throws at once where it ends meanwhile. */
  async until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    deadlineMs = DEADLINE_MS,
  ): Promise<void> {
    try {
      await waitUntil(
        what,
        async () => {
          if (this.#exit !== undefined) throw new Error(`the worker ended: ${JSON.stringify(this.#exit)}`);
          return condition();
        },
        deadlineMs,
      );
    } catch (cause) {
      throw new Error(`${what}: ${String(cause)}\n${this.tail}`, { cause });
    }
  }

  /** Waits until the admin port answers: partitions are still being opened. */
  async listening(deadlineMs = DEADLINE_MS): Promise<void> {
    await this.until("the admin port listens", () => this.#port !== undefined, deadlineMs);
  }

  async ready(deadlineMs = DEADLINE_MS): Promise<void> {
    await this.until("the worker is ready", async () => (await this.readyz())?.ready === true, deadlineMs);
  }

  /** Undefined while the admin port does not answer. */
  async readyz(): Promise<Readyz | undefined> {
    const answer = await this.#get("/readyz");
    if (answer === undefined) return undefined;
    const body: Omit<Readyz, "httpStatus"> = JSON.parse(answer.text);
    return { httpStatus: answer.httpStatus, ...body };
  }

  /** Text of /metrics; empty where the worker does not listen. */
  async metrics(): Promise<string> {
    return (await this.#get("/metrics"))?.text ?? "";
  }

  async status(): Promise<WorkerStatus | undefined> {
    const answer = await this.#get("/status");
    if (answer === undefined) return undefined;
    const status: WorkerStatus = JSON.parse(answer.text);
    return status;
  }

  async #get(path: string): Promise<{ readonly httpStatus: number; readonly text: string } | undefined> {
    if (this.#port === undefined) return undefined;
    try {
      const response = await fetch(`http://127.0.0.1:${this.#port}${path}`);
      return { httpStatus: response.status, text: await response.text() };
    } catch {
      // It has just ended, or its port was closed while it drains.
      return undefined;
    }
  }

  #read(line: string): void {
    let record: Readonly<Record<string, unknown>>;
    try {
      record = JSON.parse(line);
    } catch {
      record = { text: line };
    }
    this.#lines.push(record);
    const port = record["port"];
    if (typeof port === "number" && this.#port === undefined) this.#port = port;
  }
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs another command of the built program until it ends; `env` is added to the environment of this process. */
export async function runCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
