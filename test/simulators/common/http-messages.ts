import type { IncomingMessage, ServerResponse } from "node:http";
import { renderJson } from "../exact-numbers.ts";

/** An answer whose body, if it has one, is shown as JSON with exact numbers. */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** An answer whose body is a text that is ready to be sent; empty: none. */
export interface TextAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** How large a body may be, and the ERP's error for a larger one. */
export interface BodyLimit {
  readonly maxBytes: number;
  readonly error: () => Error;
}

export async function readBody(request: IncomingMessage, limit?: BodyLimit): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (limit !== undefined && bytes > limit.maxBytes) throw limit.error();
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** @param contentType of a body whose headers don't say it */
export function sendJson(
  response: ServerResponse,
  { status, headers, body }: JsonAnswer,
  contentType: string,
): void {
  response.writeHead(status, { ...(body === undefined ? {} : { "content-type": contentType }), ...headers });
  response.end(body === undefined ? undefined : renderJson(body));
}

export function sendText(response: ServerResponse, { status, headers, text }: TextAnswer): void {
  response.writeHead(status, headers);
  response.end(text === "" ? undefined : text);
}
