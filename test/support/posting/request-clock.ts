import { SimClock } from "./sim-clock.ts";

/** The longest that a request to a simulator on this machine may take before a test is given up, milliseconds of real time. */
const STUCK_MS = 60_000;

/**
 * Virtual time in front of requests over real connections: it stands still while one is under way, and jumps to the next timer when all have been
 * answered. So hours of waiting take no time, and no deadline of ours ends a request that is being answered.
 */
export class RequestClock extends SimClock {
  /** Told when time has gone on, before what was due then happens: what others do by themselves meanwhile. */
  onPassed: () => void = () => undefined;
  /** Told when a request has begun. */
  onRequest: () => void = () => undefined;
  #underWay = 0;
  #passedMs = this.nowMs();
  #ended = (): void => undefined;

  /** Makes a request. */
  async during<Answer>(request: () => Promise<Answer>): Promise<Answer> {
    this.#underWay += 1;
    try {
      const answer = request();
      this.onRequest();
      return await answer;
    } finally {
      this.#underWay -= 1;
      this.#ended();
    }
  }

  protected override async settled(): Promise<void> {
    if (this.nowMs() > this.#passedMs) {
      this.#passedMs = this.nowMs();
      this.onPassed();
    }
    await super.settled();
    while (this.#underWay > 0) {
      await this.#oneEnds();
      await super.settled();
    }
  }

  async #oneEnds(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#ended = resolve;
        timer = setTimeout(() => {
          reject(new Error(`a request has had no answer for ${STUCK_MS} ms`));
        }, STUCK_MS);
      });
    } finally {
      clearTimeout(timer);
    }
  }
}
