import { strFromU8, unzipSync } from "fflate";
import { z } from "zod";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { ErpFault } from "../erp-sink.ts";
import { kindOfDetails } from "./classify-fault.ts";
import type { OracleClient } from "./client.ts";
import { MAX_LOG_CHARACTERS } from "./limits.ts";
import { FINANCIALS } from "./resources.ts";

/** Logs and outputs of an import that failed, or did a part: a ZIP of texts, base64. Each line of a journal that is wrong is named with a code. */

const detailsSchema = z.looseObject({
  items: z.array(z.looseObject({ DocumentContent: z.string().nullish() })),
});

/** Text of all files; "" where there is none, or none that can be read: what happened is told without it then. */
export async function readImportLog(
  client: OracleClient,
  handle: string,
  signal: AbortSignal,
): Promise<string> {
  return (await readImportFiles(client, handle, MAX_LOG_CHARACTERS, signal)).join("\n");
}

/** Texts of the files, as many characters as are wanted altogether; none where they can't be read. */
export async function readImportFiles(
  client: OracleClient,
  handle: string,
  maxCharacters: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const body = await client.rest({
    operation: "read-import-log",
    method: "GET",
    path: `${FINANCIALS}/erpintegrations?finder=ESSExecutionDetailsRF;requestId=${encodeURIComponent(handle)},fileType=ALL`,
    signal,
  });
  const content = detailsSchema.safeParse(body).data?.items[0]?.DocumentContent ?? "";
  return unzipped(content, maxCharacters);
}

function unzipped(content: string, maxCharacters: number): readonly string[] {
  let left = maxCharacters;
  try {
    const files = unzipSync(Buffer.from(content, "base64"), {
      // What is far larger than a log is none.
      filter: ({ originalSize }) => originalSize <= maxCharacters,
    });
    return Object.values(files).map((file) => {
      const text = strFromU8(file).slice(0, left);
      left -= text.length;
      return text;
    });
  } catch {
    return [];
  }
}

/** Codes of journal import (General Ledger guide, "Journal Import error codes"): EP periods, EF accounts, EC currencies, WU and EU balance … */
const LINE_CODE = /\b((?:EP|EF|EC|EB|ED|EE|EL|EM|ES|EU|EX|WU)\d{2})\b[\s:,-]*([^\r\n]*)/g;
/** Errors that people are told of. */
const MAX_TOLD = 5;
/** What decides where lines have several: a closed period opens by itself; what the mapping has wrong, it has wrong for all. */
const ORDER: readonly ErpFaultKind[] = ["permission", "mapping", "period-closed"];

/** The fault that an import's end stands for. */
export function faultOfLog(state: string, log: string): ErpFault {
  const errors = [...log.matchAll(LINE_CODE)].map(([, code = "", message = ""]) => ({
    code,
    message: message.trim(),
    path: "",
  }));
  const told = [...new Set(errors.map(({ code, message }) => `${code} ${message}`.trim()))].slice(
    0,
    MAX_TOLD,
  );
  const kinds = errors.map((error) => kindOfDetails([error]));
  const kind = ORDER.find((each) => kinds.includes(each)) ?? kindOfDetails([plain(log)]) ?? "validation";
  const what = told.length === 0 ? "its log names no line" : told.join("; ");
  return new ErpFault(kind, `Oracle's import of the journal ended as ${state}: ${what}`, {
    code: errors.find((error) => kindOfDetails([error]) === kind)?.code ?? errors[0]?.code ?? state,
  });
}

function plain(message: string): { readonly code: string; readonly message: string; readonly path: string } {
  return { code: "", message, path: "" };
}
