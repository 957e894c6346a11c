// @ts-check

/** A fault of the set-up that a person can mend: its message says what is wrong and what to do. Printed without a stack. */
export class SetupFault extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "SetupFault";
  }
}

/**
 * The message of any thrown value, with that of its cause: `fetch` hides the useful half there.
 * @param {unknown} error
 * @returns {string}
 */
export function describeFault(error) {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
