import { systemClock } from "../../../src/model/clock.ts";
import type { PostingCommand } from "../../../src/model/posting.ts";
import type { ErpSink, ErpSinkEnvironment, PlannedPosting } from "../../../src/sinks/erp/erp-sink.ts";
import { PREFIX } from "./sample-documents.ts";
import { context, expectEqual } from "./sink-requests.ts";

interface Closable {
  close(): Promise<void>;
}

/**
 * A simulated ERP and a sink of its adapter that posts to it, as the adapter's own tests see them. An adapter says how both are made; what else
 * its tests do to them it adds.
 */
export abstract class Bookkeeping<
  Simulator extends Closable,
  SimulatorOptions,
  Sink extends ErpSink,
  SinkOptions,
> {
  /** The sink that was opened last. */
  sink!: Sink;
  /** Its requests. */
  seen: { readonly operation: string; readonly outcome: string }[] = [];
  #simulator: Simulator | undefined;
  readonly #sinks: Sink[] = [];

  protected abstract startSimulator(options: Partial<SimulatorOptions>): Promise<Simulator>;
  protected abstract newSink(changes: Partial<SinkOptions>, environment: ErpSinkEnvironment): Sink;

  get simulator(): Simulator {
    if (this.#simulator === undefined) throw new Error("no simulator was started");
    return this.#simulator;
  }

  /** A simulator, instead of the one that there was, and a sink that posts to it. */
  async restart(options: Partial<SimulatorOptions> = {}): Promise<this> {
    await this.#simulator?.close();
    this.#simulator = await this.startSimulator(options);
    this.open();
    return this;
  }

  /** Another sink, with other options. */
  open(changes: Partial<SinkOptions> = {}, prefix = PREFIX): void {
    const seen: { readonly operation: string; readonly outcome: string }[] = [];
    this.seen = seen;
    this.sink = this.newSink(changes, {
      prefix,
      clock: systemClock,
      random: Math.random,
      onRequest: (operation, outcome) => {
        seen.push({ operation, outcome });
      },
    });
    this.#sinks.push(this.sink);
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((each) => each.close()));
    await this.simulator.close();
  }

  /** Plans and submits until the ERP has it; gives the ERP's id too. */
  async post(
    posted: PostingCommand,
    attempt = 1,
  ): Promise<{ readonly plan: PlannedPosting; readonly id: string }> {
    const plan = this.sink.plan(posted);
    return { plan, id: await this.finish(plan, attempt) };
  }

  /** Submits until the ERP has it; gives the ERP's id. */
  async finish(plan: PlannedPosting, attempt = 1): Promise<string> {
    const answer = await this.sink.submit(plan, context(attempt));
    return answer.status === "confirmed" ? answer.erp.id : this.polled(plan, answer.handle);
  }

  /** The ERP's id of what it has come to have of an accepted document; fails where the adapter's tests await no such answer. */
  protected polled(plan: PlannedPosting, handle: string): Promise<string> {
    return Promise.reject(new Error(`${plan.externalId} was only accepted, as ${handle}`));
  }

  /** Submits; the answer must be a handle. */
  async begin(plan: PlannedPosting, attempt = 1): Promise<string> {
    const answer = await this.sink.submit(plan, context(attempt));
    if (answer.status !== "accepted") throw new Error("it was not accepted");
    return answer.handle;
  }

  /** The ERP has what was planned, once, by both ways of reading it. */
  async expectAsPlanned(plan: PlannedPosting): Promise<void> {
    expectEqual(plan, await this.sink.lookUp(plan, context()));
    expectEqual(plan, await this.sink.readBack([plan], context()));
  }
}
