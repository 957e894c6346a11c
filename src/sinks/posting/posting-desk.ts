import type { Clock } from "../../model/clock.ts";
import { TributaryError } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { PostingState } from "../../model/posting.ts";
import type { PostingDocument, PostingStore } from "../../model/posting-store.ts";
import { ErpFault, type ErpSink, type PlannedPosting } from "../erp/erp-sink.ts";
import type { ErpRequests } from "./erp-requests.ts";
import type { PostingAppender } from "./posting-appender.ts";
import type { UnchainedRecord } from "./posting-chain.ts";
import type { Fault, MachineContext } from "./posting-machine.ts";
import type { PostingPolicy } from "./posting-policy.ts";
import { ReadBackSize } from "./read-back-size.ts";
import { sharedRequest, transitionRecord, type Step } from "./posting-transition.ts";

export interface PostingDeskOptions {
  readonly sink: ErpSink;
  readonly store: PostingStore;
  readonly appender: PostingAppender;
  readonly requests: ErpRequests;
  readonly policy: PostingPolicy;
  readonly epoch: number;
  readonly clock: Clock;
  /** Gives [0, 1). */
  readonly random: () => number;
  readonly faults: FaultInjector;
  /** Told of each transition that is durable. */
  readonly onTransition: (to: PostingState) => void;
}

/** What tasks on documents work with: steps become records or waits here. */
export class PostingDesk {
  /** How many documents are read back by one call. */
  readonly readBackSize: ReadBackSize;
  readonly #options: PostingDeskOptions;

  constructor(options: PostingDeskOptions) {
    this.#options = options;
    this.readBackSize = new ReadBackSize(options.sink.maxReadBack);
  }

  get sink(): ErpSink {
    return this.#options.sink;
  }
  get store(): PostingStore {
    return this.#options.store;
  }
  get requests(): ErpRequests {
    return this.#options.requests;
  }
  get faults(): FaultInjector {
    return this.#options.faults;
  }
  get clock(): Clock {
    return this.#options.clock;
  }

  /** Time, jitter and policy of now. */
  context(): MachineContext {
    const { clock, random, policy } = this.#options;
    return { nowMs: clock.nowMs(), jitter: random(), policy };
  }

  /** What every record says of when and by whom. */
  stamp(): { readonly nowMs: number; readonly epoch: number } {
    return { nowMs: this.#options.clock.nowMs(), epoch: this.#options.epoch };
  }

  /** A document as the store has it now. Throws `internal-fault` where there is none. */
  document(key: string): PostingDocument {
    const document = this.#options.store.document(key);
    if (document === undefined) throw new TributaryError("internal-fault", `There is no document ${key}.`);
    return document;
  }

  /** The plan of a document's command in effect, or why it can't be said in this ERP. */
  plan(key: string): { readonly plan: PlannedPosting } | { readonly fault: Fault } {
    const { store, sink } = this.#options;
    const command = store.command(key);
    try {
      return { plan: sink.plan(command) };
    } catch (error) {
      if (error instanceof ErpFault) return { fault: error };
      const name = error instanceof Error ? error.name : typeof error;
      return { fault: { kind: "validation", code: null, message: `The adapter can't plan it (${name}).` } };
    }
  }

  /**
   * Takes steps: those that need a record are durable and applied when it resolves. `before` and `behind` go into the same message.
   */
  async take(
    steps: readonly Step[],
    behind: readonly UnchainedRecord[] = [],
    before: readonly UnchainedRecord[] = [],
  ): Promise<void> {
    const { appender, onTransition } = this.#options;
    const stamp = this.stamp();
    const transitions = steps.flatMap((step) => (step.kind === "write" ? [step.transition] : []));
    const records = transitions.map((transition) => transitionRecord(transition, stamp));
    const all = [...before, ...records, ...behind];
    if (all.length === 0) return;
    await appender.append(all);
    for (const { to } of transitions) onTransition(to);
  }

  /** As `take` for one document, whose wait becomes a hint in the store. */
  async takeStep(key: string, step: Step): Promise<void> {
    await this.takeSteps([{ key, step }]);
  }

  /** The same for several that one request was for. */
  async takeSteps(steps: readonly { readonly key: string; readonly step: Step }[]): Promise<void> {
    for (const { key, step } of steps)
      if (step.kind === "wait") this.#options.store.defer([key], step.untilMs);
    await this.take(sharedRequest(steps.map(({ step }) => step)));
  }
}
