import { z } from "zod";
import { isNumberText, type NumberText } from "../exact-numbers.ts";
import { refused } from "./errors.ts";

/** Bodies of REST requests: numbers by their texts, and nothing that a resource doesn't have. */

export function text(maxLength: number): z.ZodType<string | undefined> {
  return z.string().max(maxLength).optional();
}

export const number = z
  .custom<NumberText>(isNumberText, { error: "must be a number" })
  .transform(({ $number }) => $number)
  .optional();

export const date = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, { error: "must be a date" })
  .optional();

/** Throws the environment's error for what does not fit. */
export function checkedBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = `/${issue?.path.map(String).join("/") ?? ""}`;
  if (issue?.code === "unrecognized_keys")
    throw refused(`The attribute ${issue.keys.join(", ")} does not exist.`, "JBO-25058", path);
  throw refused(
    `Attribute set with value for ${path} failed: ${issue?.message ?? ""}`,
    issue?.code === "too_big" ? "JBO-27023" : "JBO-25009",
    path,
  );
}

/** Throws for an attribute that is required and isn't given. */
export function required<Value>(value: Value | undefined, attribute: string): Value {
  if (value === undefined || value === "")
    throw refused(
      `You must provide a value for the attribute ${attribute}.`,
      "FND_CMN_REQ_ATTRIB_API_SERV",
      `/${attribute}`,
    );
  return value;
}
