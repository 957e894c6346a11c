import { setTimeout as delay } from "node:timers/promises";
import { headers } from "nats";
import { TributaryError } from "../../model/errors.ts";
import type { UsagePublisher } from "../../model/log.ts";
import { describe, isDuplicateInFlight, isRefusal, refusalCode, storedSequence } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { CONTENT_TYPE_HEADER } from "./names.ts";

const ATTEMPT_TIMEOUT_MS = 2000;
/** For so long a message is repeated: well within the duplicate window, in which its id keeps it from being doubled. */
const PUBLISH_DEADLINE_MS = 15_000;
const RETRY_WAIT_MS = 100;

/** Publishes single usage messages. For many at once there is `publishAll`. */
export function openUsagePublisher(
  connection: BrokerConnection,
  options: { readonly publishDeadlineMs?: number } = {},
): UsagePublisher {
  const deadlineMs = options.publishDeadlineMs ?? PUBLISH_DEADLINE_MS;
  return {
    publish: async (subject, contentType, body, messageId) => {
      const messageHeaders = headers();
      messageHeaders.set(CONTENT_TYPE_HEADER, contentType);
      const deadline = performance.now() + deadlineMs;
      let fault: unknown;
      do {
        try {
          const ack = await connection.jetstream.publish(subject, body, {
            headers: messageHeaders,
            msgID: messageId,
            timeout: ATTEMPT_TIMEOUT_MS,
          });
          storedSequence(ack);
          return;
        } catch (error) {
          fault = error;
          if (isRefusal(error) && !isDuplicateInFlight(error)) break;
        }
        await delay(RETRY_WAIT_MS);
      } while (performance.now() < deadline);
      throw new TributaryError(refusalCode(fault), `publishing to ${subject}: ${describe(fault)}`, {
        cause: fault,
        details: { subject, messageId },
      });
    },
  };
}
