import { z } from "zod";
import { defineOperation, requestHead } from "./operation.ts";

/** The last millisecond of the year 9999: what RFC 3339 can write. */
const LAST_MS = Date.UTC(10_000, 0) - 1;

/** Nothing before a time is expected any more: for a region that went silent. */
export const closeWatermarkRequest = z.strictObject({
  kind: z.literal("close"),
  ...requestHead,
  /** Milliseconds since the epoch. */
  upToMs: z.int().min(0).max(LAST_MS),
});

export const closeWatermark = defineOperation(
  "close",
  closeWatermarkRequest,
  (request, { engine, nowMs }) => {
    const { upToMs } = request;
    const time = new Date(upToMs).toISOString();
    // The watermark never goes back, so a wrong time could not be taken back.
    if (upToMs > nowMs)
      return {
        refusal: "in-the-future",
        message: `${time} has not come yet; usage of it is still to be expected`,
      };
    if (engine.watermarkMs >= upToMs - 1) {
      const watermark = new Date(engine.watermarkMs).toISOString();
      return { refusal: "watermark-passed", message: `the watermark is at ${watermark} already` };
    }
    return { record: request };
  },
);
