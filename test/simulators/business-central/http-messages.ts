import type { IncomingMessage, ServerResponse } from "node:http";
import { renderJson } from "../exact-numbers.ts";
import type { Answer } from "./api-service.ts";
import { BusinessCentralError } from "./errors.ts";

/** Bodies may have 350 MB there; here what tests send. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_BODY_BYTES)
      throw new BusinessCentralError(413, "BadRequest", "The request is too large.");
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, {
    ...(body === undefined ? {} : { "content-type": "application/json; odata.metadata=minimal" }),
    ...headers,
  });
  response.end(body === undefined ? undefined : renderJson(body));
}
