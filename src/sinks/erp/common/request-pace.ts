import { AsyncLocalStorage } from "node:async_hooks";

/** Resolves when the quota has room for one request more; rejects when the signal ends the wait, or where there won't be room in time. */
export type FurtherRequest = (signal: AbortSignal) => Promise<void>;

/** A call of a sink: its first request is the one that the runner has a right to. */
interface Call {
  readonly further: FurtherRequest;
  isFirst: boolean;
}

/**
 * A sink's call may be several requests of the ERP (a look before a write, the pages of a list, an access token), and quotas count requests.
 * So whoever sends them asks here, whatever adapter it works for; outside of a call, as in a check of the set-up, nothing is counted.
 */
const calls = new AsyncLocalStorage<Call>();

/** Makes a call whose requests but the first are asked for. */
export function paced<Answer>(further: FurtherRequest, call: () => Promise<Answer>): Promise<Answer> {
  return calls.run({ further, isFirst: true }, call);
}

/** To be awaited before each request. */
export async function nextRequest(signal: AbortSignal): Promise<void> {
  const call = calls.getStore();
  if (call === undefined) return;
  if (call.isFirst) call.isFirst = false;
  else await call.further(signal);
}
