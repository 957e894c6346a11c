import { numberIn } from "./sums.ts";

/** Numbers of a load's names, each parsed once: dictionaries of batches repeat. */
export class NumberedNames {
  readonly #numbers = new Map<string, number>();

  numbersOf(names: readonly string[]): number[] {
    return names.map((name) => {
      let number = this.#numbers.get(name);
      if (number === undefined) {
        number = numberIn(name);
        this.#numbers.set(name, number);
      }
      return number;
    });
  }
}
