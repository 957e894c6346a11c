import { concatMap, Observable, type MonoTypeOperatorFunction } from "rxjs";
import type { SlicedWork } from "../../model/sliced-work.ts";
import type { PipelineItem } from "../stage.ts";

/**
 * The work at the item that is in the operators, where it takes more than one slice. The engine pushes one item, steps
 * until nothing is pending, and pushes the next: so all that is due at an item is done before the next one is seen.
 */
export class ItemSlices {
  #work: SlicedWork | undefined;
  #done: () => void = () => undefined;

  /** Whether the item in the operators has not come through all of them. */
  get isPending(): boolean {
    return this.#work !== undefined;
  }

  /** Runs the first slice; the others follow with `step`. `done` passes the item on. */
  begin(work: SlicedWork, done: () => void): void {
    if (this.#work !== undefined) throw new Error("an item came before the work at the last one was done");
    this.#work = work;
    this.#done = done;
    this.step();
  }

  /** Runs the next slice. */
  step(): void {
    if (this.#work?.next().done !== true) return;
    this.#work = undefined;
    this.#done();
  }
}

/** Passes each item on when a stage's work at it is done, which may take several slices. */
export function inSlices(
  slices: ItemSlices,
  workAt: (item: PipelineItem) => SlicedWork,
): MonoTypeOperatorFunction<PipelineItem> {
  return concatMap(
    (item) =>
      new Observable<PipelineItem>((subscriber) => {
        slices.begin(workAt(item), () => {
          subscriber.next(item);
          subscriber.complete();
        });
      }),
  );
}
