import { randomUUID } from "node:crypto";
import { renderJson } from "../exact-numbers.ts";
import { badQuery } from "./errors.ts";

/** `$batch`: one changeset of writes in a multipart body, and the answer to it. */

export interface BatchOperation {
  readonly contentId: string;
  readonly method: string;
  /** With the query, as it stands in the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface BatchOperationAnswer {
  readonly contentId: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | undefined;
}

const LINE = "\r\n";

/** Operations of the one changeset. Throws 400 for whatever is not exactly that. */
export function parsedBatch(contentType: string, body: string): readonly BatchOperation[] {
  const batches = multipart(contentType, body);
  const [changeset, ...others] = batches;
  if (changeset === undefined || others.length > 0) throw badQuery("The batch must have one changeset here.");
  const operations = multipart(changeset.headers["content-type"] ?? "", changeset.body).map(operationOf);
  const ids = new Set(operations.map(({ contentId }) => contentId));
  if (operations.length === 0 || ids.size !== operations.length)
    throw badQuery("The operations of a changeset need a Content-ID each.");
  return operations;
}

interface Part {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function multipart(contentType: string, text: string): readonly Part[] {
  const [, boundary] = /^multipart\/mixed;\s*boundary="?([^";]{1,70})"?$/i.exec(contentType.trim()) ?? [];
  if (boundary === undefined) throw badQuery("The content type must be multipart/mixed with a boundary.");
  if (!text.startsWith(`--${boundary}${LINE}`)) throw badQuery("The body does not begin with its boundary.");
  const pieces = `${LINE}${text}`.split(`${LINE}--${boundary}`);
  if (pieces.at(-1)?.trim() !== "--") throw badQuery("The body does not end with its boundary.");
  return pieces.slice(1, -1).map((piece) => {
    if (!piece.startsWith(LINE)) throw badQuery("A boundary must stand on a line of its own.");
    return partOf(piece.slice(LINE.length));
  });
}

function partOf(text: string): Part {
  const at = text.indexOf(LINE + LINE);
  if (at < 0) throw badQuery("A part has no end of its headers.");
  const headers = headersOf(text.slice(0, at).split(LINE));
  return { headers, body: text.slice(at + 2 * LINE.length) };
}

function headersOf(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines
      .filter((line) => line !== "")
      .map((line) => {
        const [, name = "", value = ""] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
        if (name === "") throw badQuery(`A header can't be read: ${line}`);
        return [name.toLowerCase(), value];
      }),
  );
}

function operationOf({ headers, body }: Part): BatchOperation {
  if (headers["content-type"] !== "application/http" || headers["content-transfer-encoding"] !== "binary")
    throw badQuery("A part of a changeset must be application/http, binary.");
  const at = body.indexOf(LINE + LINE);
  const [requestLine = "", ...headerLines] = (at < 0 ? body : body.slice(0, at)).split(LINE);
  const [, method = "", target = ""] = /^(\w+) (\S+) HTTP\/1\.1$/.exec(requestLine) ?? [];
  if (method === "" || method === "GET") throw badQuery(`A changeset takes writes only: ${requestLine}`);
  return {
    contentId: headers["content-id"] ?? "",
    method,
    target,
    headers: headersOf(headerLines),
    body: at < 0 ? "" : body.slice(at + 2 * LINE.length),
  };
}

/** Body of the answer, and its content type. */
export function renderedBatch(answers: readonly BatchOperationAnswer[]): {
  readonly contentType: string;
  readonly text: string;
} {
  const [batch, changeset] = [`batchresponse_${randomUUID()}`, `changesetresponse_${randomUUID()}`];
  const parts = answers.map(({ contentId, status, headers, body }) =>
    [
      `--${changeset}`,
      "Content-Type: application/http",
      "Content-Transfer-Encoding: binary",
      `Content-ID: ${contentId}`,
      "",
      `HTTP/1.1 ${status} ${status < 300 ? "Created" : "Internal Server Error"}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ...(body === undefined
        ? []
        : ["Content-Type: application/json; odata.metadata=minimal; charset=utf-8"]),
      "OData-Version: 4.0",
      "",
      body === undefined ? "" : renderJson(body),
    ].join(LINE),
  );
  const text = [
    `--${batch}`,
    `Content-Type: multipart/mixed; boundary=${changeset}`,
    "",
    ...parts,
    `--${changeset}--`,
    `--${batch}--`,
    "",
  ].join(LINE);
  return { contentType: `multipart/mixed; boundary=${batch}`, text };
}
