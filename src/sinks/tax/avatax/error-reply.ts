import { z } from "zod";

/** Shown to people and kept in the log. */
const MAX_MESSAGE_CHARACTERS = 500;

const errorSchema = z.looseObject({
  error: z.looseObject({
    code: z.string().nullish(),
    message: z.string().nullish(),
    details: z
      .array(
        z.looseObject({
          message: z.string().nullish(),
          description: z.string().nullish(),
          refersTo: z.string().nullish(),
        }),
      )
      .nullish(),
  }),
});

export interface ServiceError {
  readonly code: string;
  readonly message: string;
}

/** What AvaTax says is wrong; undefined where the body is not of its form (a proxy's page, for instance). */
export function errorOfReply(body: unknown): ServiceError | undefined {
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { code, message, details } = parsed.data.error;
  const texts = new Set([
    message,
    ...(details ?? []).flatMap((detail) => [detail.message, detail.description]),
  ]);
  const places = new Set((details ?? []).map(({ refersTo }) => refersTo));
  const said = [...texts].filter(isText).join("; ");
  const about = [...places].filter(isText).join(", ");
  return {
    code: isText(code) ? code : "Error",
    message: (about === "" ? said : `${said} (${about})`).slice(0, MAX_MESSAGE_CHARACTERS),
  };
}

function isText(value: string | null | undefined): value is string {
  return value !== undefined && value !== null && value !== "";
}
