import { systemClock } from "../model/clock.ts";
import { messageOf } from "../model/errors.ts";
import type { ConnectionFinding } from "../sinks/erp/erp-sink.ts";
import type { LoadedCatalog } from "./catalog-directory.ts";
import { type ReachedConnection, reachConnections } from "./compose/open-postings.ts";

/** A connection that does not answer is one finding, not a wait for ever. */
const CHECK_DEADLINE_MS = 120_000;

export interface ConnectionReport {
  readonly connection: string;
  readonly adapter: string;
  readonly findings: readonly ConnectionFinding[];
}

/**
 * Reaches the ERPs of the catalog that the configuration says how to reach, and says what would stand in the way of documents. Nothing is
 * changed there. Throws `config-invalid` for the file of connections.
 */
export async function checkConnections(file: string, catalog: LoadedCatalog): Promise<ConnectionReport[]> {
  const { reached } = reachConnections(file, catalog);
  return await Promise.all(reached.map(checkConnection));
}

async function checkConnection({ compiled, config }: ReachedConnection): Promise<ConnectionReport> {
  const makeSink = await config.prepared();
  const sink = makeSink({
    prefix: compiled.prefix,
    clock: systemClock,
    random: Math.random,
    onRequest: () => undefined,
  });
  const { key: connection, adapter, kinds } = compiled;
  try {
    const context = { signal: AbortSignal.timeout(CHECK_DEADLINE_MS), attempt: 1 };
    const today = new Date(systemClock.nowMs()).toISOString().slice(0, 10);
    const findings = await sink.check([...kinds], context, compiled.mappedOn(today));
    return { connection, adapter, findings };
  } catch (fault) {
    return { connection, adapter, findings: [{ problem: "unreachable", message: messageOf(fault) }] };
  } finally {
    await sink.close();
  }
}
