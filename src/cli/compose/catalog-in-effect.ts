import { decodeControl } from "../../model/control.ts";
import { codeOf } from "../../model/errors.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openControlLog } from "../../ingest/jetstream/control-log.ts";

/** The catalog version that a partition's control log names last; null where the log has none (or isn't there yet). */
export async function catalogInEffect(broker: BrokerConnection, partition: number): Promise<string | null> {
  const log = openControlLog(broker, partition);
  try {
    const { firstSequence, lastSequence } = await log.identity();
    // From the end: the version in effect is near it, and each message is a request of its own.
    for (let sequence = lastSequence; sequence >= firstSequence; sequence--) {
      const message = await log.messageAt(sequence);
      if (message === undefined) continue;
      const record = decodeControl(message.data);
      if (record.kind === "catalog") return record.version;
    }
    return null;
  } catch (fault) {
    if (codeOf(fault) === "stream-missing") return null;
    throw fault;
  }
}
