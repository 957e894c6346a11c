import { z } from "zod";
import {
  MAX_ACCOUNT_LENGTH,
  MAX_IDENTITY_BYTES,
  MAX_PROPERTIES,
  MAX_TIMESTAMP_LENGTH,
} from "../../ingest/wire/limits.ts";

/** The CloudEvent that is accepted on input. What a schema can't say (bytes, digits, depth) is in docs/wire.md. */
export const usageEventSchema = z
  .looseObject({
    specversion: z.literal("1.0"),
    id: z
      .string()
      .min(1)
      .max(MAX_IDENTITY_BYTES)
      .meta({
        description: `Unique within the source; with it at most ${MAX_IDENTITY_BYTES} bytes of UTF-8. (source, id) is the event's identity.`,
      }),
    source: z.string().min(1).max(MAX_IDENTITY_BYTES).meta({ description: "The producer; without U+0000." }),
    type: z.string().min(1).meta({ description: "What meters select by." }),
    subject: z.string().min(1).max(MAX_ACCOUNT_LENGTH).meta({ description: "The billing account." }),
    time: z.iso.datetime({ offset: true }).max(MAX_TIMESTAMP_LENGTH).meta({
      description: "When the usage happened: RFC 3339 with an offset; cut off below the millisecond.",
    }),
    datacontenttype: z
      .string()
      .regex(/^\s*[aA][pP][pP][lL][iI][cC][aA][tT][iI][oO][nN]\/[jJ][sS][oO][nN]\s*(;|$)/)
      .optional(),
    data: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({
        description: `Properties that meters read, at most ${MAX_PROPERTIES} after flattening. Numbers are decimals and lose no digit.`,
      }),
    data_base64: z.undefined().optional().meta({ description: "Not accepted." }),
  })
  .meta({
    title: "Usage event",
    description:
      "A CloudEvent 1.0 as Tributary takes it, alone or in a batch; extension attributes are kept.",
  });

/** JSON Schema of the event; `data_base64` is forbidden by a schema that nothing fulfils. */
export function usageEventJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(usageEventSchema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodUndefined) jsonSchema.not = {};
    },
  });
}
