import type { IncomingMessage, ServerResponse } from "node:http";
import { renderJson } from "../exact-numbers.ts";
import { NetSuiteError, noSuchInstance } from "./errors.ts";
import type { Answer } from "./http-exchange.ts";

/** NetSuite takes bodies up to this. */
const MAX_BODY_BYTES = 104_000_000;

/** The parts of a path, each decoded by itself: an escaped slash belongs to an id. */
export function decodedParts(path: string): readonly string[] {
  try {
    return path
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch {
    throw noSuchInstance(path);
  }
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_BODY_BYTES)
      throw new NetSuiteError(413, [{ detail: "The request is too large.", code: "REQUEST_TOO_LARGE" }]);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, {
    ...(body === undefined ? {} : { "content-type": "application/vnd.oracle.resource+json; type=error" }),
    ...headers,
  });
  response.end(body === undefined ? undefined : renderJson(body));
}
