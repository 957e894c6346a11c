import type { BodyLimit } from "../common/http-messages.ts";
import { NetSuiteError, noSuchInstance } from "./errors.ts";

/** What NetSuite takes. */
export const BODY_LIMIT: BodyLimit = {
  maxBytes: 104_000_000,
  error: () => new NetSuiteError(413, [{ detail: "The request is too large.", code: "REQUEST_TOO_LARGE" }]),
};

/** Of a body whose headers don't say it. */
export const CONTENT_TYPE = "application/vnd.oracle.resource+json; type=error";

/** The parts of a path, each decoded by itself: an escaped slash belongs to an id. */
export function decodedParts(path: string): readonly string[] {
  try {
    return path
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch {
    throw noSuchInstance(path);
  }
}
