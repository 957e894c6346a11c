import { z } from "zod";
import { type ExactJson, writeExactJson } from "../../http/exact-json.ts";
import { ErpFault } from "../erp-sink.ts";
import { faultOfReply } from "./classify-fault.ts";
import type { BusinessCentralClient } from "./client.ts";
import type { JsonObject } from "./plan.ts";

export interface BatchRequest {
  readonly method: "GET" | "POST";
  /** As of a request of its own. */
  readonly path: string;
  readonly body?: JsonObject;
}

const answerSchema = z.looseObject({
  responses: z.array(z.looseObject({ status: z.coerce.number().int(), body: z.unknown() })),
});

/**
 * Requests that are done in their order in one transaction: all of them, or nothing where one of them fails (header `Isolation: snapshot`). The bodies of the answers.
 * Rejects with the fault of the one that failed.
 */
export async function sendBatch(
  client: BusinessCentralClient,
  requests: readonly BatchRequest[],
  { operation, signal }: { readonly operation: string; readonly signal: AbortSignal },
): Promise<readonly unknown[]> {
  const { body } = await client.send({
    operation,
    method: "POST",
    path: "$batch",
    effect: "write",
    headers: { isolation: "snapshot" },
    body: writeExactJson({
      requests: requests.map(({ method, path, body: content }, index): ExactJson => ({
        id: String(index + 1),
        method,
        url: path,
        headers: content === undefined ? {} : { "content-type": "application/json" },
        body: content,
      })),
    }),
    signal,
  });
  const answer = answerSchema.safeParse(body);
  // Without answers it isn't known what became of the requests.
  if (!answer.success) throw new ErpFault("unknown", "Business Central's answer to a batch can't be read");
  const { responses } = answer.data;
  const failed = responses.find(({ status }) => status < 200 || status >= 300);
  if (failed !== undefined)
    throw faultOfReply({ status: failed.status, body: failed.body, retryAfterMs: undefined }, "write");
  if (responses.length !== requests.length)
    throw new ErpFault("unknown", "Business Central's answer to a batch lacks some of its requests");
  return responses.map((response) => response.body);
}
