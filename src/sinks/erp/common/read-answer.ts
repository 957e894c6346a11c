import type { z } from "zod";
import { readExactJson } from "../../http/exact-json.ts";
import { ErpFault } from "../erp-sink.ts";

/**
 * JSON with numbers as texts. Throws ErpFault `transient` for what is none, a proxy's page for instance.
 * @param title the ERP, as messages call it
 */
export function readJson(text: string, title: string): unknown {
  try {
    return readExactJson(text);
  } catch {
    throw new ErpFault("transient", `${title} answered with what is no JSON`);
  }
}

/**
 * What an answer holds. Throws ErpFault `transient` for what has another form.
 * @param what for people: "Business Central's answer"
 */
export function readForm<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  what: string,
): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String).join(".") ?? "";
  throw new ErpFault(
    "transient",
    `${what} can't be read: ${path === "" ? "it" : path} ${issue?.message ?? "is wrong"}`,
  );
}
