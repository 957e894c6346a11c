import type { ErpDescription } from "../../../../src/model/erp-description.ts";
import type {
  PostedDocument,
  PostingCommand,
  PostingRecord,
  PostingState,
  TransitionRecord,
} from "../../../../src/model/posting.ts";
import type { PostingStore } from "../../../../src/model/posting-store.ts";
import { erpAdapter } from "../../../../src/sinks/erp/adapters.ts";
import type { MakeErpSink } from "../../../../src/sinks/erp/erp-adapter.ts";
import type { ErpSink } from "../../../../src/sinks/erp/erp-sink.ts";
import type { PostingRunner } from "../../../../src/sinks/posting/posting-runner.ts";
import { queueCommands } from "../../posting/memory-logs.ts";
import { RequestClock } from "../../posting/request-clock.ts";
import { RunnerWorld, trailOf, type RunnerWorldOptions } from "../../posting/runner-world.ts";
import { SimProcess } from "../../posting/sim-process.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import type { MappingOptions, SimulatedErp, SimulatedErpKind } from "../simulated-erp.ts";
import { commandFor, type CommandFields } from "./canonical-documents.ts";
import { openSink, preparedSinks, sinkOfProcess } from "./real-sink.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
const SEED = 11;
/** No document needs longer, whatever goes wrong: held ones are tried again each hour. */
const DAY_MS = 24 * HOUR_MS;
const POSTED: ReadonlySet<PostingState> = new Set(["confirmed", "reconciled"]);

/** A process with a runner, on a machine of its own. */
export interface RunningProcess {
  readonly process: SimProcess;
  readonly store: PostingStore;
  readonly runner: PostingRunner;
}

/**
 * The runner and the adapter's own sink in front of a simulated ERP, over real HTTP: broker, leases and partitions are in memory, and time jumps
 * while no request is under way.
 */
export class ConformanceWorld extends RunnerWorld {
  declare readonly clock: RequestClock;
  readonly erp: SimulatedErp;
  readonly description: ErpDescription;
  readonly #makeSink: MakeErpSink;
  readonly #sinks: ErpSink[] = [];
  readonly #stores: PostingStore[] = [];
  readonly #queued = new Map<string, PostingCommand>();
  /** Last transition of each document, and how many messages of the log it follows from. */
  readonly #last = new Map<string, TransitionRecord>();
  #read = 0;

  private constructor(
    { erp, makeSink }: { readonly erp: SimulatedErp; readonly makeSink: MakeErpSink },
    clock: RequestClock,
    options: RunnerWorldOptions,
  ) {
    super(options, clock);
    this.erp = erp;
    this.#makeSink = makeSink;
    const description = erpAdapter(erp.adapter)?.description;
    if (description === undefined) throw new Error(`there is no adapter ${erp.adapter}`);
    this.description = description;
    clock.onPassed = () => erp.work?.();
  }

  static async start(kind: SimulatedErpKind, options: RunnerWorldOptions = {}): Promise<ConformanceWorld> {
    const clock = new RequestClock();
    const erp = await kind.start({ folder: temporaryFolder(), seed: SEED, nowMs: () => clock.nowMs() });
    return new ConformanceWorld({ erp, makeSink: await preparedSinks(erp) }, clock, options);
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()));
    for (const store of this.#stores) store.close();
    await this.erp.close();
  }

  protected override sinkOf(process: SimProcess): ErpSink {
    return sinkOfProcess(this.openSink(), process, this.clock);
  }

  /** A sink of nobody's process: somebody else who uses the same account. */
  openSink(): ErpSink {
    const sink = openSink(this.#makeSink, this.clock);
    this.#sinks.push(sink);
    return sink;
  }

  override store(): PostingStore {
    const store = super.store();
    this.#stores.push(store);
    return store;
  }

  /** Starts a runner in a new process, with an empty store of its own unless another is given. */
  startProcess(
    prepare: (process: SimProcess) => void = () => undefined,
    store: PostingStore = this.store(),
  ): RunningProcess {
    const process = new SimProcess(this.clock, 0);
    prepare(process);
    const runner = this.runner(store, process);
    runner.start();
    return { process, store, runner };
  }

  /** Last command of each key that was queued. */
  get queued(): ReadonlyMap<string, PostingCommand> {
    return this.#queued;
  }

  command(document: PostedDocument, fields: CommandFields & MappingOptions = {}): PostingCommand {
    return commandFor(document, this.description, this.erp.mapping(fields), fields);
  }

  /** Queues the documents' commands; their keys, in the same order. */
  queue(...documents: readonly (PostedDocument | PostingCommand)[]): string[] {
    const commands = documents.map((each) =>
      "document" in each && "contentHash" in each ? each : this.command(each),
    );
    for (const command of commands) this.#queued.set(command.key, command);
    queueCommands(this.commands, commands);
    return commands.map(({ key }) => key);
  }

  /** Time goes on for so long. */
  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(() => false, this.clock.nowMs() + ms);
  }

  /** Time goes on until something holds; throws where it does not within a day. */
  async until(what: string, isDone: () => boolean): Promise<void> {
    const isReached = await this.clock.runUntil(isDone, this.clock.nowMs() + DAY_MS);
    if (isReached) return;
    const trails = [...this.#queued.keys()].map((key) => `${key}: ${trailOf(this, key).join(", ")}`);
    throw new Error(`not within a day: ${what}; ${String(this.faults.at(-1))}\n${trails.join("\n")}`);
  }

  /** The state that the log's last record of a document says; undefined where there is none. */
  stateOf(key: string): PostingState | undefined {
    for (const { data } of this.postings.messages.slice(this.#read)) {
      const records: PostingRecord[] = JSON.parse(Buffer.from(data).toString("utf8"));
      for (const record of records) if (record.kind === "transition") this.#last.set(record.key, record);
      this.#read += 1;
    }
    return this.#last.get(key)?.to;
  }

  /** A process dies as soon as the log says that a document is in a state: before it knows so itself. */
  killAtState({ process }: RunningProcess, key: string, state: PostingState): void {
    this.postings.listen(() => {
      if (this.stateOf(key) === state) process.kill();
    });
  }

  async untilState(key: string, state: PostingState): Promise<void> {
    await this.until(`${key} is ${state}`, () => this.stateOf(key) === state);
  }

  /** State of a document that nothing more happens to where all went well. */
  get lastState(): PostingState {
    return this.description.canReadBack ? "reconciled" : "confirmed";
  }

  /** All that was queued is posted and, where the ERP can be asked, read back. */
  async untilPosted(keys: readonly string[] = [...this.#queued.keys()]): Promise<void> {
    await this.until("all are posted", () => keys.every((key) => this.stateOf(key) === this.lastState));
  }

  /** What the partition was told last of a document. */
  toldOf(key: string) {
    return this.told.get(`0/${key}`);
  }

  isPosted(key: string): boolean {
    const state = this.stateOf(key);
    return state !== undefined && POSTED.has(state);
  }

  /** Each state of a document as the log tells it, with reasons. */
  trailOf(key: string): readonly string[] {
    return trailOf(this, key);
  }

  /** How often a request to create the document was begun. */
  submissionsOf(key: string): number {
    return this.trailOf(key).filter((state) => state === "submitting").length;
  }
}
