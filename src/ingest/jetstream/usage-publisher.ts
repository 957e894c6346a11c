import { headers } from "nats";
import { TributaryError, messageOf } from "../../model/errors.ts";
import type { UsagePublisher } from "../../model/log.ts";
import type { BrokerConnection } from "./connection.ts";
import { CONTENT_TYPE_HEADER } from "./names.ts";

/** How long one publication's acknowledgement is waited for; the caller tries again. */
const ACK_TIMEOUT_MS = 5_000;

/** Publishes single usage messages and waits until the broker has stored each. */
export function openUsagePublisher(connection: BrokerConnection): UsagePublisher {
  return {
    publish: async (subject, contentType, body, messageId) => {
      const messageHeaders = headers();
      messageHeaders.set(CONTENT_TYPE_HEADER, contentType);
      try {
        await connection.jetstream.publish(subject, body, {
          headers: messageHeaders,
          msgID: messageId,
          timeout: ACK_TIMEOUT_MS,
        });
      } catch (cause) {
        throw new TributaryError("publish-failed", `${subject} was not stored: ${messageOf(cause)}`, {
          cause,
        });
      }
    },
  };
}
