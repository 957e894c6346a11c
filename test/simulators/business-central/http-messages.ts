import type { BodyLimit } from "../common/http-messages.ts";
import { BusinessCentralError } from "./errors.ts";

/** Bodies may have 350 MB there; here what tests send. */
export const BODY_LIMIT: BodyLimit = {
  maxBytes: 64 * 1024 * 1024,
  error: () => new BusinessCentralError(413, "BadRequest", "The request is too large."),
};

/** Of a body whose headers don't say it. */
export const CONTENT_TYPE = "application/json; odata.metadata=minimal";
