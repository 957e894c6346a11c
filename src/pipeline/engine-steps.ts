import { Subject, type Observable } from "rxjs";
import { messageOf, TributaryError } from "../model/errors.ts";
import type { SliceBudget, SlicedWork } from "../model/sliced-work.ts";
import { ItemSlices } from "../operators/slices/item-slices.ts";
import type { PipelineItem } from "../operators/stage.ts";

/**
 * The steps of an engine from one position of its logs to the next: each is work in slices, and one is under way at a
 * time. A step that fails half done, or is given up, is under way for ever: nothing is taken up or committed behind it.
 */
export class EngineSteps {
  readonly #items = new Subject<PipelineItem>();
  readonly #slices = new ItemSlices();
  readonly #budget: SliceBudget;
  #isUnderWay = false;
  /** Whether the step under way has sent an item. */
  #hasPushed = false;
  #fault: Error | undefined;

  /** @param operators what items go through, one after the other */
  constructor(
    budget: SliceBudget,
    operators: (items: Observable<PipelineItem>, slices: ItemSlices) => Observable<PipelineItem>,
  ) {
    this.#budget = budget;
    operators(this.#items, this.#slices).subscribe({
      error: (fault: unknown) => {
        this.#fault = fault instanceof Error ? fault : new TributaryError("internal-fault", messageOf(fault));
      },
    });
  }

  /** Whether a step has begun and is not done. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Takes a step; `internal-fault` where another one is under way. */
  *take(work: SlicedWork): SlicedWork {
    this.requirePosition("A step began");
    this.#isUnderWay = true;
    this.#hasPushed = false;
    try {
      for (;;) {
        this.#budget.begin();
        if (work.next().done === true) break;
        yield;
      }
    } catch (fault) {
      // Refused before it changed anything.
      if (!this.#hasPushed) this.#isUnderWay = false;
      throw fault;
    }
    this.#isUnderWay = false;
  }

  /** Throws `internal-fault` while a step is under way: the state is not that of a position. */
  requirePosition(what: string): void {
    if (this.#isUnderWay)
      throw new TributaryError("internal-fault", `${what} before the last step was done.`);
  }

  /** Sends an item through the operators, as a part of a step. */
  *push(item: PipelineItem): SlicedWork {
    this.#hasPushed = true;
    this.#items.next(item);
    while (this.#fault === undefined && this.#slices.isPending) {
      yield;
      this.#slices.step();
    }
    if (this.#fault !== undefined) throw this.#fault;
  }
}
