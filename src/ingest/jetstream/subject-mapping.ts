import { ErrorCode, NatsError, headers } from "nats";
import { fnv1a32 } from "../../model/partition.ts";
import { describe, isNoResponders } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { PROBE_TYPE } from "../../model/content-types.ts";
import { CONTENT_TYPE_HEADER, unplacedUsageSubject, usageStream } from "./names.ts";

const MAPPED_SUBJECT = "usage.in.*.*";
/** A probe that nobody answered within this time reached no stream. */
const PROBE_TIMEOUT_MS = 5000;

/**
 * The block for the server's configuration (top level, or inside an account) that places usage on partitions.
 * A client can't create it: the operator adds it and `probeMapping` checks it.
 */
export function subjectMappingSnippet(partitionCount: number): string {
  return `mappings = {\n  "${MAPPED_SUBJECT}": "usage.{{partition(${partitionCount},1)}}.{{wildcard(2)}}"\n}\n`;
}

export interface MappingProbe {
  readonly token: string;
  readonly expectedStream: string;
  /** Where the broker stored the probe; undefined where no stream took it. */
  readonly actualStream: string | undefined;
  /** Why it was not stored. */
  readonly fault?: string;
}

/**
 * Publishes one probe message a token to `usage.in.<token>.<region>` and reports where each was stored. The mapping is
 * right where `actualStream` equals `expectedStream` for all. Tokens are encoded accounts (`accountToken`).
 */
export async function probeMapping(
  connection: BrokerConnection,
  options: { readonly partitionCount: number; readonly tokens: readonly string[]; readonly region: string },
): Promise<readonly MappingProbe[]> {
  const probeHeaders = headers();
  probeHeaders.set(CONTENT_TYPE_HEADER, PROBE_TYPE);
  const probes: MappingProbe[] = [];
  for (const token of options.tokens) {
    const expectedStream = usageStream(fnv1a32(token) % options.partitionCount);
    try {
      const subject = unplacedUsageSubject(token, options.region);
      const ack = await connection.jetstream.publish(subject, new Uint8Array(0), {
        headers: probeHeaders,
        timeout: PROBE_TIMEOUT_MS,
      });
      probes.push({ token, expectedStream, actualStream: ack.stream });
    } catch (error) {
      probes.push({ token, expectedStream, actualStream: undefined, fault: faultOf(error) });
    }
  }
  return probes;
}

function faultOf(error: unknown): string {
  if (isNoResponders(error))
    return `no stream takes ${MAPPED_SUBJECT}: the server's subject mapping is missing`;
  if (error instanceof NatsError && error.code === ErrorCode.Timeout.valueOf())
    return "the broker did not answer in time";
  return describe(error);
}
