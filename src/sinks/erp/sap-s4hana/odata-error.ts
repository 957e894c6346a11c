import { z } from "zod";

/** The form of errors of OData 2.0 as SAP's gateway writes them. */
const errorSchema = z.looseObject({
  error: z.looseObject({
    code: z.string().catch(""),
    message: z.union([z.string(), z.looseObject({ value: z.string() }).transform(({ value }) => value)]),
    innererror: z
      .looseObject({
        errordetails: z
          .array(z.looseObject({ code: z.string().catch(""), message: z.string().catch("") }))
          .catch([]),
      })
      .optional()
      .catch(undefined),
  }),
});

/** The errors of a reply, the chief one first; empty for what has none. */
export function odataErrors(text: string): readonly { readonly code: string; readonly text: string }[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [];
  }
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) return [];
  const { code, message, innererror } = parsed.data.error;
  const details = innererror?.errordetails ?? [];
  return [{ code, text: message }, ...details.map((detail) => ({ code: detail.code, text: detail.message }))];
}
