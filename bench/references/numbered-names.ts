import { numberIn } from "../harness/sums.ts";

/**
 * Numbers of a load's names, each parsed once. A decoder's dictionary is one list that grows from batch to batch: what was
 * numbered before is not gone through again.
 */
export class NumberedNames {
  readonly #numbers = new WeakMap<readonly string[], number[]>();

  /** By the names' index. */
  numbersOf(names: readonly string[]): readonly number[] {
    let numbers = this.#numbers.get(names);
    if (numbers === undefined) {
      numbers = [];
      this.#numbers.set(names, numbers);
    }
    for (let index = numbers.length; index < names.length; index++) numbers.push(numberIn(names[index]!));
    return numbers;
  }
}
