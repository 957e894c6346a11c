import type { Clock } from "../../model/clock.ts";
import { decodeControl, type ControlRecord, type PlacedControlRecord } from "../../model/control.ts";
import { codeOf, messageOf } from "../../model/errors.ts";
import type { ControlLog } from "../../model/log.ts";
import { hexOfBytes } from "../accepted-gaps.ts";
import type { PartitionStore } from "../../model/store.ts";
import type { PartitionEngine } from "../partition-engine.ts";
import type { MakeRecord } from "../pipeline-options.ts";
import type { SerialQueue } from "../serial-queue.ts";
import type { ReadRequest, Refusal, RequestedRecord } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { encodeAnswer, type OperatorAnswer } from "./operator-answer.ts";

/** Largest request: a decision is a record of the control log, not a document. */
export const MAX_REQUEST_BYTES = 64 * 1024;
/** Requests of a partition that may wait for their turn: people ask one at a time, so more is a program that ran wild. */
const MAX_WAITING_REQUESTS = 16;

export interface OperatorDeskOptions {
  readonly partition: number;
  readonly controlLog: Pick<ControlLog, "identity" | "messageAt">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly store: Pick<PartitionStore, "row">;
  readonly queue: Pick<SerialQueue, "run">;
  /** The engine while decisions can be made; undefined while the partition starts, replays or stops. */
  readonly runningEngine: () => PartitionEngine | undefined;
  /** Appends a decision and applies it; called within the queue. */
  readonly decide: (make: MakeRecord) => Promise<PlacedControlRecord>;
  /** A decision failed: where it can't be known whether a record was appended, nothing may follow it. */
  readonly onFault: (fault: unknown) => void;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Answers operators' requests for one partition: a request becomes a record of the control log, once. The record holds the
 * id of the request, so that a request that comes again (no answer came, the worker died) is answered by the record that is
 * there already.
 */
export class OperatorDesk {
  readonly #options: OperatorDeskOptions;
  #waiting = 0;

  constructor(options: OperatorDeskOptions) {
    this.#options = options;
  }

  /**
   * @param data canonical JSON of the request
   * @returns canonical JSON of the answer (`operatorAnswerSchema`); undefined where another owner has the partition now, who
   *   answers
   */
  async answer(data: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#waiting >= MAX_WAITING_REQUESTS)
      return encodeAnswer(this.#refused("busy", `${this.#waiting} requests wait already`));
    this.#waiting += 1;
    try {
      const answer = await this.#options.queue.run(() => this.#answer(data));
      return answer === undefined ? undefined : encodeAnswer(answer);
    } catch (fault) {
      this.#options.onFault(fault);
      // The partition stops by this fault. Whether the record was appended is known only where the broker said so.
      const code = codeOf(fault);
      return code === "control-log-moved"
        ? undefined
        : encodeAnswer({
            outcome: "unknown",
            partition: this.#options.partition,
            message: `${code}: ${messageOf(fault)}`,
          });
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Whether the partition runs and is this process's as far as the broker knows. Rejects where that can't be asked. */
  async isOwner(): Promise<boolean> {
    return await this.#options.queue.run(async () => {
      const engine = this.#options.runningEngine();
      return engine !== undefined && !(await this.#isOvertaken(engine));
    });
  }

  async #answer(data: Uint8Array): Promise<OperatorAnswer | undefined> {
    const { clock, store, runningEngine, decide } = this.#options;
    if (data.length > MAX_REQUEST_BYTES)
      return this.#refused("request-too-large", `${data.length} bytes; at most ${MAX_REQUEST_BYTES}`);
    const request = readRequest(data);
    if (typeof request === "string") return this.#refused("request-invalid", request);
    const engine = runningEngine();
    if (engine === undefined) return this.#refused("not-running", "the partition starts, replays or stops");
    const known = engine.requests.find(request.head.request);
    try {
      if (await this.#isOvertaken(engine)) return undefined;
      if (known !== undefined) return await this.#repeated(request, known.sequence);
    } catch (fault) {
      return this.#refused("broker-unreachable", messageOf(fault));
    }
    const outcome = request.decide({ engine, store, nowMs: clock.nowMs() });
    if ("refusal" in outcome) return this.#refused(outcome.refusal, outcome.message);
    const previous = engine.requests.last;
    const placed = await decide((appliesAfter, decidedAt) =>
      withPlace(outcome.record, {
        appliesAfter,
        decidedAt,
        previous: previous === undefined ? "" : hexOfBytes(previous.fingerprint),
      }),
    );
    return this.#decided(placed, false);
  }

  /** A former owner, paused for an hour, must not say what is or isn't possible. */
  async #isOvertaken(engine: PartitionEngine): Promise<boolean> {
    const { lastSequence } = await this.#options.controlLog.identity();
    return lastSequence !== engine.position.controlSequence;
  }

  async #repeated(request: ReadRequest, sequence: number): Promise<OperatorAnswer> {
    const message = await this.#options.controlLog.messageAt(sequence);
    const record = message === undefined ? undefined : decodeControl(message.data);
    if (record === undefined || !isOfRequest(record, request))
      return this.#refused(
        "request-reused",
        `control record ${sequence} was another request's under this id`,
      );
    return this.#decided({ sequence, record }, true);
  }

  #decided({ sequence, record }: PlacedControlRecord, repeated: boolean): OperatorAnswer {
    const { partition } = this.#options;
    return { outcome: "decided", partition, controlSequence: sequence, repeated, record: { ...record } };
  }

  #refused(reason: Refusal, message: string): OperatorAnswer {
    return { outcome: "refused", partition: this.#options.partition, reason, message };
  }
}

function readRequest(data: Uint8Array): ReadRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(data));
  } catch (fault) {
    return messageOf(fault);
  }
  return readKnown(value) ?? `kind is none of ${[...OPERATIONS.keys()].join(", ")}`;
}

function readKnown(value: unknown): ReadRequest | string | undefined {
  const kind: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "kind") : undefined;
  return typeof kind === "string" ? OPERATIONS.get(kind)?.read(value) : undefined;
}

function withPlace(
  record: RequestedRecord,
  place: { readonly appliesAfter: number; readonly decidedAt: string; readonly previous: string },
): ControlRecord {
  return { ...record, ...place };
}

/** A record repeats every field of the request that it came from. */
function isOfRequest(record: ControlRecord, { head, basis }: ReadRequest): boolean {
  return Object.entries(head).every(
    ([name, value]) =>
      basis.includes(name) || JSON.stringify(Reflect.get(record, name)) === JSON.stringify(value),
  );
}
