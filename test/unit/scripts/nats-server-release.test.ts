import { expect, it } from "vitest";
import { sha256From } from "../../../scripts/bootstrap/nats-server-release.mjs";

it("finds a file's sum in a list of sums", () => {
  const list = "aaa  other.tar.gz\nbbb *wanted.tar.gz\nccc  wanted.tar.gz.asc\n";
  expect(sha256From(list, "wanted.tar.gz")).toBe("bbb");
  expect(sha256From(list, "missing.tar.gz")).toBeUndefined();
});
