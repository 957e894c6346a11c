import { TributaryError } from "../model/errors.ts";
import { below, drawStart, drawWord, TWO_32 } from "./random.ts";

/** Batches of a lane that may be repeated: the latest ones, kept whole. */
const KEPT_BATCHES = 8;
/** With more, hardly anything but repetitions would be sent. */
const MAX_RATIO = 0.9;

const DRAW = { again: 0, distance: 1 } as const;

/**
 * Which batches of a load are sent again, and when: what follows a batch is decided by the seed, its lane and its number.
 * So the share of events in repeated batches is about the ratio, and the same load repeats the same ones.
 */
export class BatchRepeats<Message> {
  readonly #seed: number;
  readonly #againBelow: number;
  readonly #latest: Message[][];

  /** `ratio`: share of the batches that repeat an earlier one. Throws `usage-invalid` where it is beyond 0.9. */
  constructor(seed: number, ratio: number, lanes: number) {
    if (ratio > MAX_RATIO)
      throw new TributaryError(
        "usage-invalid",
        `at most ${MAX_RATIO} of numbered batches can be repetitions`,
      );
    this.#seed = seed;
    this.#againBelow = ratio * TWO_32;
    this.#latest = Array.from({ length: lanes }, () => []);
  }

  /** The messages that are sent again behind a lane's batch with a number from 1. */
  *after(lane: number, sequence: number, message: Message): Generator<Message> {
    const latest = this.#latest[lane]!;
    latest.push(message);
    if (latest.length > KEPT_BATCHES) latest.shift();
    const start = drawStart(this.#seed, sequence * this.#latest.length + lane);
    // Each draw decides about one more: the number of repetitions is geometric.
    for (let draw = 0; drawWord(start, draw + DRAW.again) < this.#againBelow; draw += 2)
      yield latest[below(drawWord(start, draw + DRAW.distance), latest.length)]!;
  }
}
