import { z } from "zod";
import { readExactJson } from "../../http/exact-json.ts";

/** Shown to people and kept in the log. */
const MAX_DETAIL_CHARACTERS = 400;
const MAX_DETAILS = 20;

const text = z.string().nullish();
const errorSchema = z.looseObject({
  title: text,
  "o:errorCode": text,
  "o:errorDetails": z
    .array(
      z.looseObject({
        detail: text,
        "o:errorCode": text,
        "o:errorPath": text,
        "o:errorQueryParam": text,
        "o:errorHeader": text,
      }),
    )
    .nullish(),
});

export interface ErrorDetail {
  readonly code: string;
  readonly message: string;
  /** Field that it is about; "" where none is named. */
  readonly path: string;
}

/** What NetSuite says is wrong, most important first; undefined where the body is not of its form (a proxy's page, for instance). */
export function errorDetails(body: string): readonly ErrorDetail[] | undefined {
  let json: unknown;
  try {
    json = readExactJson(body);
  } catch {
    return undefined;
  }
  const parsed = errorSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { title, "o:errorDetails": details, "o:errorCode": code } = parsed.data;
  if ((details ?? []).length === 0)
    return title === null || title === undefined
      ? undefined
      : [{ code: code ?? "", message: cut(title), path: "" }];
  return (details ?? []).slice(0, MAX_DETAILS).map((detail) => ({
    code: detail["o:errorCode"] ?? "",
    message: cut(detail.detail ?? title ?? ""),
    path: detail["o:errorPath"] ?? detail["o:errorQueryParam"] ?? detail["o:errorHeader"] ?? "",
  }));
}

function cut(message: string): string {
  return message.slice(0, MAX_DETAIL_CHARACTERS);
}
