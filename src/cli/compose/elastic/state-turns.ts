/**
 * States that are brought here at once. A partition can start as soon as its state is there, beside the next ones' way here, so few at a time are there
 * sooner than all together; two keep broker, disk and processor busy. Each has some megabytes under way (`restoreSnapshot`).
 */
const RESTORES_AT_ONCE = 2;
/** Snapshots that are taken at once; each has some megabytes under way (`takeSnapshot`). */
const SNAPSHOTS_AT_ONCE = 2;

interface Line {
  readonly atOnce: number;
  readonly waiting: (() => void)[];
  underWay: number;
}

/**
 * Says which of the tasks of states may go on, each kind in the order in which they came. Usage waits for a partition that comes, and nobody for a
 * snapshot: none is begun while there are states to be brought here or opened. A snapshot that is under way is not held up.
 */
export class StateTurns {
  readonly #restores: Line = { atOnce: RESTORES_AT_ONCE, waiting: [], underWay: 0 };
  readonly #snapshots: Line = { atOnce: SNAPSHOTS_AT_ONCE, waiting: [], underWay: 0 };
  #opening = 0;

  /** Brings a state here when it is its turn, and then opens it, which takes no turn. */
  async bring<State>(restore: () => Promise<State>, open: (state: State) => Promise<void>): Promise<void> {
    const state = await this.#run(this.#restores, async () => {
      const restored = await restore();
      // Before the turn ends: no snapshot gets between the two.
      this.#opening++;
      return restored;
    });
    try {
      await open(state);
    } finally {
      this.#opening--;
      this.#goOn();
    }
  }

  /** Takes a snapshot when it is its turn. */
  async snapshot<Result>(take: () => Promise<Result>): Promise<Result> {
    return await this.#run(this.#snapshots, take);
  }

  async #run<Result>(line: Line, act: () => Promise<Result>): Promise<Result> {
    await new Promise<void>((resolve) => {
      line.waiting.push(resolve);
      this.#goOn();
    });
    try {
      return await act();
    } finally {
      line.underWay--;
      this.#goOn();
    }
  }

  #goOn(): void {
    start(this.#restores);
    if (this.#restores.underWay === 0 && this.#opening === 0) start(this.#snapshots);
  }
}

function start(line: Line): void {
  while (line.underWay < line.atOnce) {
    const next = line.waiting.shift();
    if (next === undefined) return;
    line.underWay++;
    next();
  }
}
