import { type ExactJson, writeExactJson } from "../../http/exact-json.ts";
import { ErpFault } from "../erp-sink.ts";
import { faultOfReply } from "./classify-fault.ts";
import { DATA_ROOT, type FinanceOperationsClient } from "./client.ts";

/** Several writes as one transaction: a `$batch` with one changeset. All of it is done, or nothing. */

export interface ChangesetOperation {
  /** Entity set. */
  readonly entity: string;
  readonly body: ExactJson;
}

const LINE = "\r\n";

/**
 * Creates rows, in the order given. Rejects with ErpFault: what the service refuses took all of it back.
 * @param id of letters, digits and "-": tells the parts apart
 */
export async function createTogether(
  client: FinanceOperationsClient,
  operations: readonly ChangesetOperation[],
  {
    operation,
    id,
    signal,
  }: { readonly operation: string; readonly id: string; readonly signal: AbortSignal },
): Promise<void> {
  const reply = await client.send({
    operation,
    method: "POST",
    path: `${DATA_ROOT}/$batch`,
    effect: "write",
    headers: { "content-type": `multipart/mixed; boundary=batch_${id}`, accept: "multipart/mixed" },
    body: changesetBody(operations, id),
    signal,
  });
  const answers = partsOf(reply.header("content-type") ?? "", reply.text).map(answerOf);
  for (const answer of answers) {
    if (answer === undefined) throw unreadable();
    const { status, text } = answer;
    // The answer to the whole is 200 whatever became of its parts.
    if (status < 200 || status >= 300)
      throw faultOfReply({ status, text, retryAfterMs: undefined, isOfChangeset: true }, "write");
  }
  if (answers.length !== operations.length) throw unreadable();
}

export function changesetBody(operations: readonly ChangesetOperation[], id: string): string {
  const changeset = `changeset_${id}`;
  const parts = operations.map(({ entity, body }, index) =>
    [
      `--${changeset}`,
      "Content-Type: application/http",
      "Content-Transfer-Encoding: binary",
      `Content-ID: ${index + 1}`,
      "",
      `POST ${DATA_ROOT}/${entity}?cross-company=true HTTP/1.1`,
      "Content-Type: application/json;odata.metadata=minimal",
      "Accept: application/json;odata.metadata=minimal",
      "Prefer: return=minimal",
      "OData-Version: 4.0",
      "",
      writeExactJson(body),
    ].join(LINE),
  );
  return [
    `--batch_${id}`,
    `Content-Type: multipart/mixed; boundary=${changeset}`,
    "",
    ...parts,
    `--${changeset}--`,
    `--batch_${id}--`,
    "",
  ].join(LINE);
}

function unreadable(): ErpFault {
  return new ErpFault(
    "unknown",
    "Finance & Operations: the answer to a changeset can't be read, so it isn't known whether it was done",
  );
}

const BOUNDARY = /boundary="?([^";\s]+)"?/i;

/** Parts of a multipart body, those of a part that is a multipart itself in its place. */
function partsOf(contentType: string, text: string): readonly string[] {
  const [, boundary] = BOUNDARY.exec(contentType) ?? [];
  if (boundary === undefined) throw unreadable();
  const pieces = `\n${text.replaceAll("\r\n", "\n")}`.split(`\n--${boundary}`);
  return pieces.slice(1, -1).flatMap((piece) => {
    const [head, body] = splitOnce(piece.replace(/^[ \t]*\n/, ""));
    const [, type = ""] = /^content-type:\s*(.*)$/im.exec(head) ?? [];
    return /^multipart\//i.test(type) ? partsOf(type, body) : [body];
  });
}

/** Status and body of an HTTP answer that is a part; undefined for what is none. */
function answerOf(part: string): { readonly status: number; readonly text: string } | undefined {
  const [head, text] = splitOnce(part.trimStart());
  const [, status] = /^HTTP\/\d\.\d (\d{3})\b/.exec(head) ?? [];
  return status === undefined ? undefined : { status: Number(status), text };
}

/** What is before and behind the first empty line. */
function splitOnce(text: string): readonly [string, string] {
  const at = text.indexOf("\n\n");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 2)];
}
