import { expect, test } from "vitest";
import { encodeControl, type ControlRecord } from "../../../src/model/control.ts";
import { OperatorRequests } from "../../../src/operators/requests/operator-requests.ts";
import { hexOfBytes } from "../../../src/pipeline/accepted-gaps.ts";
import { decisionHistory } from "../../../src/pipeline/close/decision-history.ts";
import { sha256 } from "../../support/engine-fixture.ts";

/** Three decisions as owners append them, between records that nobody asked for, and the state that made them. */
function log() {
  const state = new OperatorRequests();
  const records: { placed: { sequence: number; record: ControlRecord }; data: Uint8Array }[] = [];
  const append = (record: ControlRecord): void => {
    const data = encodeControl(record);
    const sequence = records.length + 1;
    records.push({ placed: { sequence, record }, data });
    if ("request" in record && record.request !== undefined)
      state.decided(record.request, { sequence, fingerprint: sha256(data) });
  };
  const place = { appliesAfter: 0, decidedAt: "2026-04-01T00:00:00Z" };
  for (let n = 1; n <= 3; n++) {
    append({ kind: "idle", region: "eu", ...place });
    const previous = state.last === undefined ? "" : hexOfBytes(state.last.fingerprint);
    const request = `request-${n}`;
    append({ kind: "close", upToMs: n, actor: "Ann", reason: "because", request, previous, ...place });
  }
  return { records, state };
}

const faultsOf = ({ records, state }: ReturnType<typeof log>, withState = true): number[] =>
  decisionHistory(0, records, withState ? state : undefined, sha256).faults.map(
    ({ controlSequence }) => controlSequence,
  );

/** The same log with a record changed. */
function changed(sequence: number) {
  const { records, state } = log();
  return {
    state,
    records: records.map((each) => {
      if (each.placed.sequence !== sequence) return each;
      const record = { ...each.placed.record, reason: "another" };
      return { placed: { sequence, record }, data: encodeControl(record) };
    }),
  };
}

test("a sound log has no faults, and its decisions are listed", () => {
  const sound = log();
  expect(decisionHistory(0, sound.records, sound.state, sha256)).toMatchObject({
    entries: [2, 4, 6].map((controlSequence) => ({ controlSequence, kind: "close", actor: "Ann" })),
    faults: [],
  });
});

test("a record that was changed or taken out breaks the chain behind it; the last one differs from the state", () => {
  // The one behind names another hash, and the state remembers another record.
  expect(faultsOf(changed(2))).toEqual([4, 2]);
  expect(faultsOf(changed(2), false)).toEqual([4]);
  expect(faultsOf(changed(6))).toEqual([6]);
  expect(faultsOf(changed(6), false)).toEqual([]);
  const { records, state } = log();
  expect(faultsOf({ records: records.filter(({ placed }) => placed.sequence !== 4), state })).toEqual([6, 4]);
});

test("requests are remembered up to a bound, the oldest forgotten, and restored as they were", () => {
  const requests = new OperatorRequests();
  const rows: Parameters<OperatorRequests["collectChanges"]>[0] = [];
  for (let n = 1; n <= 10_002; n++)
    requests.decided(`request-${n}`, { sequence: n, fingerprint: new Uint8Array([n % 256]) });
  requests.collectChanges(rows);
  const kept = new Map<number, Uint8Array>();
  for (const { key, value } of rows) {
    if (value === null) kept.delete(key);
    else kept.set(key, value);
  }
  const restored = new OperatorRequests();
  restored.restore({ rows: () => [...kept].map(([key, value]) => ({ key, value })) });
  for (const each of [requests, restored]) {
    expect([each.find("request-2"), each.find("request-3")?.sequence]).toEqual([undefined, 3]);
    expect(each.last).toMatchObject({ sequence: 10_002 });
  }
  expect([...restored.entries()]).toEqual([...requests.entries()]);
});
