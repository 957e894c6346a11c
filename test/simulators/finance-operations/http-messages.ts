import type { IncomingMessage, ServerResponse } from "node:http";
import { renderJson } from "../exact-numbers.ts";
import { badQuery, frontEndError } from "./errors.ts";

/** The service takes bodies up to some hundred MB; documents are far smaller. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const JSON_TYPE = {
  "content-type": "application/json; odata.metadata=minimal; charset=utf-8",
  "odata-version": "4.0",
};

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export function answerOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: object | undefined,
): Answer {
  return body === undefined
    ? { status, headers, text: "" }
    : { status, headers: { ...JSON_TYPE, ...headers }, text: renderJson(body) };
}

export function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw badQuery(`The address can't be read: ${path}`);
  }
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_BODY_BYTES) throw frontEndError(413);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

export function send(response: ServerResponse, { status, headers, text }: Answer): void {
  response.writeHead(status, headers);
  response.end(text === "" ? undefined : text);
}
