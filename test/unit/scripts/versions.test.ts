import { expect, it } from "vitest";
import {
  compareVersions,
  natsServerRefusal,
  nodeRefusal,
  parseVersion,
} from "../../../scripts/bootstrap/versions.mjs";

it.each([
  ["nats-server: v2.10.27", [2, 10, 27]],
  ["v20.19.0", [20, 19, 0]],
  ["nats-server: v2.12.0-RC.1", [2, 12, 0]],
  ["no version", undefined],
])("reads %s", (text, expected) => {
  expect(parseVersion(text)).toEqual(expected);
});

it("compares by number, not by text", () => {
  expect(compareVersions([2, 10, 9], [2, 10, 23])).toBeLessThan(0);
  expect(compareVersions([2, 9, 99], [2, 10, 0])).toBeLessThan(0);
  expect(compareVersions([10, 0, 0], [9, 9, 9])).toBeGreaterThan(0);
  expect(compareVersions([2, 10, 23], [2, 10, 23])).toBe(0);
});

it.each([
  [2, 10, 23],
  [2, 11, 0],
  [3, 0, 0],
] as const)("takes nats-server %i.%i.%i", (...version) => {
  expect(natsServerRefusal(version)).toBeUndefined();
});

it.each([
  [[2, 10, 22], "can lose a whole stream"],
  [[2, 10, 20], "can lose a whole stream"],
  [[2, 10, 19], "is too old"],
  [[2, 9, 22], "no subject transforms"],
  [[1, 10, 21], "no subject transforms"],
] as const)("refuses nats-server %j: %s", (version, reason) => {
  expect(natsServerRefusal(version)).toContain(reason);
});

it("judges Node", () => {
  expect(nodeRefusal("v20.19.0")).toBeUndefined();
  expect(nodeRefusal("v24.1.0")).toBeUndefined();
  expect(nodeRefusal("v20.18.3")).toContain("needs Node 20.19.0");
  expect(nodeRefusal("v18.20.1")).toContain("needs Node 20.19.0");
});
