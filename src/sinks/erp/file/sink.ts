import type { PostingKind } from "../../../model/posting.ts";
import { NOTHING_COMPARED } from "../common/compared.ts";
import {
  type ConnectionFinding,
  ErpFault,
  type ErpSink,
  type ErpSinkEnvironment,
  type FoundDocument,
  type PlannedPosting,
  type PollAnswer,
  type RequestContext,
  type SubmitAnswer,
} from "../erp-sink.ts";
import { type FaultCodes, readAcknowledgement, SENT_AGAIN } from "./acknowledgement.ts";
import { fileDescription } from "./description.ts";
import { ACKNOWLEDGED, type Drop, OUTBOUND } from "./drops/drop.ts";
import type { FileFormat } from "./formats/format.ts";
import { MAX_ACKNOWLEDGEMENT_BYTES, SETTLE_DELAY_MS } from "./limits.ts";
import { FilePair, filePair } from "./manifest.ts";

export interface FileSinkOptions {
  readonly drop: Drop;
  readonly format: FileFormat;
  /** How long a file may take to be written, made durable and renamed, its manifest with it. */
  readonly deadlineMs: number;
  /** Undefined: the receiver acknowledges nothing, and a file that is there whole is a document that it has. */
  readonly acknowledgements:
    | {
        /** How long one is waited for; then the same file is sent again. */
        readonly deadlineMs: number;
        readonly faultCodes: FaultCodes;
      }
    | undefined;
}

/**
 * One file a document. Order of effects, with what a crash right after each costs:
 * 1. the file is written aside and renamed: nobody looks at it without its manifest; the next attempt replaces it by the same bytes;
 * 2. the manifest is written aside and renamed: the receiver may take the file; the next attempt finds the manifest (or the acknowledgement),
 *    or sends the same file id again, which the receiver knows.
 */
export class FileSink implements ErpSink {
  readonly description = fileDescription;
  readonly maxReadBack = 1;
  readonly requestDeadlineMs: number;
  readonly settleDelayMs = SETTLE_DELAY_MS;
  readonly #options: FileSinkOptions;
  readonly #environment: ErpSinkEnvironment;

  constructor(options: FileSinkOptions, environment: ErpSinkEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.requestDeadlineMs = options.deadlineMs;
  }

  plan(command: PlannedPosting["command"]): PlannedPosting {
    const { format } = this.#options;
    const externalId = `${this.#environment.prefix}${command.key}`;
    const request = filePair(command, externalId, format.render(command, externalId), format.extension);
    return {
      command,
      kind: command.kind,
      externalId,
      expected: NOTHING_COMPARED,
      request,
    };
  }

  async lookUp(plan: PlannedPosting, context: RequestContext): Promise<readonly FoundDocument[]> {
    return await this.#counted("look-up", async () => {
      const answer = await this.#acceptedBefore(pairOf(plan), context);
      if (answer?.status !== "confirmed") return [];
      return [{ erp: answer.erp, externalId: plan.externalId, document: plan.expected, payment: null }];
    });
  }

  async submit(plan: PlannedPosting, context: RequestContext): Promise<SubmitAnswer> {
    return await this.#counted(`submit-${plan.kind}`, async () => {
      const { drop, acknowledgements } = this.#options;
      const { signal } = context;
      const pair = pairOf(plan);
      const acknowledgement = acknowledgementName(pair.fileId);
      if (acknowledgements !== undefined) {
        const earlier = await this.#acknowledgementOf(pair, context);
        if (earlier !== undefined) {
          const answer = acceptedBy(earlier, pair.fileId, acknowledgements.faultCodes);
          if (answer !== undefined) return answer;
          // What was refused before is sent again: the old word must not be taken for the new one.
          await drop.rename(ACKNOWLEDGED, acknowledgement, `${acknowledgement}.superseded`, signal);
        }
      }
      await drop.publish(OUTBOUND, pair.fileName, pair.content, signal);
      try {
        await drop.publish(OUTBOUND, pair.manifestName, pair.manifest, signal);
      } catch (fault) {
        // The rename may have happened: the receiver may have the file.
        if (fault instanceof ErpFault && fault.kind === "transient")
          throw new ErpFault("unknown", fault.message, { code: fault.code, cause: fault });
        throw fault;
      }
      return acknowledgements === undefined
        ? { status: "confirmed", erp: { id: pair.fileId, number: null } }
        : { status: "accepted", handle: String(this.#environment.clock.nowMs()) };
    });
  }

  async poll(plan: PlannedPosting, handle: string, context: RequestContext): Promise<PollAnswer> {
    return await this.#counted("poll", async () => {
      const pair = pairOf(plan);
      const answer = await this.#answerOf(pair, context);
      if (answer !== undefined) return answer;
      const { acknowledgements } = this.#options;
      const waitedMs = this.#environment.clock.nowMs() - Number(handle);
      if (acknowledgements !== undefined && waitedMs > acknowledgements.deadlineMs)
        throw new ErpFault(
          SENT_AGAIN,
          `no acknowledgement of ${pair.fileId} within ${Math.round(acknowledgements.deadlineMs / 1_000)} s`,
          { code: "acknowledgement-missing" },
        );
      return { status: "pending" };
    });
  }

  async readBack(): Promise<readonly FoundDocument[]> {
    await Promise.resolve();
    return [];
  }

  // A consumer takes files away when it likes: what is not there says nothing.
  async *scan(): AsyncIterable<readonly never[]> {}

  async check(
    _kinds: readonly PostingKind[],
    { signal }: RequestContext,
  ): Promise<readonly ConnectionFinding[]> {
    return await this.#counted("check", async () => {
      const findings = await this.#options.drop.check(signal);
      return findings.map((message) => ({ problem: "permission" as const, message }));
    });
  }

  async close(): Promise<void> {
    await this.#options.drop.close();
  }

  /** What the receiver has said, or that the file is there where it says nothing; undefined where neither. */
  async #answerOf(pair: FilePair, context: RequestContext): Promise<SubmitAnswer | undefined> {
    const { drop, acknowledgements } = this.#options;
    if (acknowledgements === undefined) {
      const isThere = await drop.exists(OUTBOUND, pair.manifestName, context.signal);
      return isThere ? { status: "confirmed", erp: { id: pair.fileId, number: null } } : undefined;
    }
    const text = await this.#acknowledgementOf(pair, context);
    return text === undefined
      ? undefined
      : readAcknowledgement(text, pair.fileId, acknowledgements.faultCodes);
  }

  /** The document that the receiver has: one that it refused isn't there, and is sent again. */
  async #acceptedBefore(pair: FilePair, context: RequestContext): Promise<SubmitAnswer | undefined> {
    const { acknowledgements } = this.#options;
    if (acknowledgements === undefined) return await this.#answerOf(pair, context);
    const text = await this.#acknowledgementOf(pair, context);
    return text === undefined ? undefined : acceptedBy(text, pair.fileId, acknowledgements.faultCodes);
  }

  async #acknowledgementOf({ fileId }: FilePair, { signal }: RequestContext): Promise<string | undefined> {
    const { drop } = this.#options;
    return await drop.read(ACKNOWLEDGED, acknowledgementName(fileId), MAX_ACKNOWLEDGEMENT_BYTES, signal);
  }

  async #counted<Result>(operation: string, act: () => Promise<Result>): Promise<Result> {
    const { clock, onRequest } = this.#environment;
    const startedMs = clock.monotonicMs();
    try {
      const result = await act();
      onRequest(operation, "answered", clock.monotonicMs() - startedMs);
      return result;
    } catch (fault) {
      onRequest(
        operation,
        fault instanceof ErpFault ? fault.kind : "unknown",
        clock.monotonicMs() - startedMs,
      );
      throw fault;
    }
  }
}

function acknowledgementName(fileId: string): string {
  return `${fileId}.ack`;
}

function acceptedBy(text: string, fileId: string, faultCodes: FaultCodes): SubmitAnswer | undefined {
  try {
    return readAcknowledgement(text, fileId, faultCodes);
  } catch {
    return undefined;
  }
}

function pairOf({ request }: PlannedPosting): FilePair {
  if (!(request instanceof FilePair)) throw new RangeError("not a plan of this adapter");
  return request;
}
