/**
 * Gives `act` a signal that ends with `parent`, or after `deadlineMs`. Nothing of it stays behind: the parent may live as long as the process.
 */
export async function withDeadline<Result>(
  parent: AbortSignal,
  deadlineMs: number,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const end = (): void => {
    controller.abort();
  };
  const timer = setTimeout(end, deadlineMs);
  if (parent.aborted) end();
  else parent.addEventListener("abort", end, { once: true });
  try {
    return await act(controller.signal);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener("abort", end);
  }
}

/** Runs a call of a sink with a signal of its own. */
export type WithinDeadline = <Result>(
  context: { readonly signal: AbortSignal },
  act: (signal: AbortSignal) => Promise<Result>,
) => Promise<Result>;

/** A call may be several requests: all of them together end with its deadline. */
export function callsWithin(deadlineMs: number): WithinDeadline {
  return ({ signal }, act) => withDeadline(signal, deadlineMs, act);
}
