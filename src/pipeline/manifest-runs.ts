import { MANIFEST_TYPE } from "../model/content-types.ts";
import type { LogMessage } from "../model/log.ts";

/**
 * Cuts messages so that each manifest is a run of its own: it moves the watermark between the events before it and those
 * behind it. Without a manifest the messages are one run.
 */
export function* runsOf(messages: readonly LogMessage[]): Generator<readonly LogMessage[]> {
  let from = 0;
  for (const [at, message] of messages.entries()) {
    if (message.contentType !== MANIFEST_TYPE) continue;
    if (at > from) yield messages.slice(from, at);
    yield [message];
    from = at + 1;
  }
  if (from < messages.length) yield from === 0 ? messages : messages.slice(from);
}
