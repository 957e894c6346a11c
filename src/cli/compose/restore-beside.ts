import { codeOf } from "../../model/errors.ts";

/** A merge takes seconds: to be met by one twice is unlikely, more often it is damage. */
const ATTEMPTS = 3;

/**
 * Restores a state beside the worker that may run on it. Between the look at a checkpoint and at the files that it names, the
 * worker may commit the next one and remove some of them; then the next one is read. Damage is there again, and thrown.
 */
export function restoreBeside<State>(restore: () => State): State {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return restore();
    } catch (fault) {
      if (codeOf(fault) !== "state-corrupt" || attempt === ATTEMPTS) throw fault;
    }
  }
}
