import { z } from "zod";
import type { ErpReference } from "../../../model/posting.ts";
import { retryAfterMs } from "../../http/retry-after.ts";
import { ErpFault } from "../erp-sink.ts";
import type { HttpReply } from "../common/http-client.ts";

/** What a receiver may say of a document that it took; anything else in the body is left alone. */
const takenSchema = z.object({ id: z.string().min(1).max(200), number: z.string().max(200).nullish() });

/** What it may say of one that it did not take. */
const refusedSchema = z.object({
  error: z.object({
    kind: z.enum(["mapping", "validation", "period-closed"]).optional(),
    code: z.string().max(100).optional(),
    message: z.string().max(2_000).optional(),
  }),
});

/** Told that too much is asked, without a word for how long. */
const DEFAULT_THROTTLE_MS = 5_000;

/** The document as the receiver calls it. Throws `ErpFault` where it did not take it. */
export function answerOf(reply: HttpReply, externalId: string, nowMs: number): ErpReference {
  const { status, text } = reply;
  // 409: it has it already, from a request whose answer was lost.
  if ((status >= 200 && status < 300) || status === 409) {
    const taken = takenSchema.safeParse(json(text));
    return taken.success
      ? { id: taken.data.id, number: taken.data.number ?? null }
      : { id: externalId, number: null };
  }
  const code = `http-${status}`;
  const refused = refusedSchema.safeParse(json(text));
  const said = refused.success ? refused.data.error : undefined;
  const message = said?.message ?? `the receiver answered with HTTP ${status}`;
  const own = said?.code ?? code;
  switch (status) {
    case 429:
    case 503:
      throw new ErpFault("throttle", message, {
        code: own,
        retryAfterMs: retryAfterMs(reply.header("retry-after"), nowMs) ?? DEFAULT_THROTTLE_MS,
      });
    case 401:
    case 407:
      throw new ErpFault("authentication", message, { code: own });
    case 403:
      throw new ErpFault("permission", message, { code: own });
    // Standard Webhooks: it wants nothing more from here.
    case 410:
      throw new ErpFault("permission", "the receiver has switched this webhook off", { code: own });
    case 408:
    case 425:
      throw new ErpFault("unknown", message, { code: own });
    default:
      if (status >= 500) throw new ErpFault("unknown", message, { code: own });
      if (status < 400)
        throw new ErpFault(
          "validation",
          `the receiver answered with HTTP ${status}; redirects are not followed`,
          {
            code,
          },
        );
      throw new ErpFault(said?.kind ?? "validation", message, { code: own });
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
