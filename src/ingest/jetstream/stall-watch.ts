import type { StreamReader } from "./stream-reader.ts";

/** How often the reader is looked at. */
const TICK_MS = 1000;
/** A tick that comes so late tells of a blocked event loop, not of a silent broker: what arrived is read first. */
const LATE_TICK_MS = 2 * TICK_MS;
/** Stored messages of which none is delivered for so long are a stall, where nothing else is configured. */
export const DEFAULT_STALL_TIMEOUT_MS = 10_000;

export interface StallWatchOptions {
  readonly stream: StreamReader;
  readonly stallTimeoutMs?: number;
  readonly lastReceived: () => number;
  /** True where the reader waits for the broker and for nothing else. */
  readonly isIdle: () => boolean;
  readonly isSilent: (nowMs: number) => boolean;
  /** The broker gave no sign of life. */
  readonly silent: () => void;
  /** The stream holds messages up to `lastStored`, but none came. */
  readonly stalled: (lastStored: number) => void;
}

/**
 * Compares what was received with the end of the stream while nothing arrives. The stream is asked and not the
 * consumer, because a consumer that has lost its place may well report that nothing is pending.
 */
export class StallWatch {
  readonly #options: StallWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #lastTickMs = 0;
  #lastProgressMs = 0;
  #asking = false;
  #suspectedAt: number | undefined;

  constructor(options: StallWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lastTickMs = performance.now();
    this.#lastProgressMs = this.#lastTickMs;
    this.#timer = setInterval(() => {
      this.#tick();
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Something was received, processed or begun anew. */
  progress(): void {
    this.#lastProgressMs = performance.now();
  }

  #tick(): void {
    const nowMs = performance.now();
    const late = nowMs - this.#lastTickMs > LATE_TICK_MS;
    this.#lastTickMs = nowMs;
    if (late) return;
    if (this.#options.isSilent(nowMs)) this.#options.silent();
    else if (
      !this.#asking &&
      this.#options.isIdle() &&
      nowMs - this.#lastProgressMs > (this.#options.stallTimeoutMs ?? DEFAULT_STALL_TIMEOUT_MS)
    ) {
      this.#asking = true;
      void this.#compare().finally(() => {
        this.#asking = false;
      });
    }
  }

  async #compare(): Promise<void> {
    const before = this.#options.lastReceived();
    const askedMs = performance.now();
    try {
      const { lastSequence } = await this.#options.stream.identity();
      const nothingCame = this.#options.lastReceived() === before && this.#lastProgressMs < askedMs;
      if (this.#timer === undefined || !this.#options.isIdle() || !nothingCame) return;
      // A message that was stored a moment ago may still be on its way: it is a stall only if seen so twice.
      if (lastSequence > before && this.#suspectedAt === before) this.#options.stalled(lastSequence);
      else if (lastSequence > before) this.#suspectedAt = before;
      else {
        this.#suspectedAt = undefined;
        this.progress();
      }
    } catch {
      // The broker can't be asked: the connection's own watch takes care of that.
    }
  }
}
