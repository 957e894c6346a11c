import { describe, expect, test } from "vitest";
import { resultRequests } from "../../../src/cli/compose/posting-results.ts";
import { systemClock } from "../../../src/model/clock.ts";
import { noFaults } from "../../../src/model/fault-injection.ts";
import type { PostingResult } from "../../../src/model/posting.ts";
import { MAX_REQUEST_BYTES } from "../../../src/pipeline/operations/operator-desk.ts";
import { MAX_RESULTS, postingResultRequest } from "../../../src/pipeline/operations/posting-result.ts";
import { ResultDelivery } from "../../../src/sinks/posting/result-delivery.ts";
import { waitUntil } from "../../support/wait-until.ts";

const resultOf = (posting: number, message: string | null = null): PostingResult => ({
  connection: "netsuite",
  key: `invoice:N-${posting}`,
  revision: 1,
  state: "confirmed",
  reason: null,
  code: null,
  message,
  erp: { id: String(posting), number: null },
  payment: null,
  posting,
});

const parsedRequests = (results: readonly PostingResult[]) =>
  resultRequests(results).map((data) =>
    postingResultRequest.parse(JSON.parse(Buffer.from(data).toString("utf8"))),
  );

describe("results of one partition", () => {
  test("go together, and what a request did not bring goes again", async () => {
    const waiting = new Map<number, PostingResult>();
    for (let posting = 1; posting <= 120; posting++) waiting.set(posting, resultOf(posting));
    const sent: number[] = [];
    const taken: number[] = [];
    const delivery = new ResultDelivery({
      sender: {
        maxResults: MAX_RESULTS,
        send: async (_, results) => {
          await Promise.resolve();
          sent.push(results.length);
          if (sent.length === 2) throw new Error("no answer");
          taken.push(...results.map(({ posting }) => posting));
        },
      },
      store: {
        resultPartitions: () => (waiting.size === 0 ? [] : [3]),
        results: (_, limit) => [...waiting.values()].slice(0, limit),
        resultsTaken: (_, results) => {
          for (const { posting } of results) waiting.delete(posting);
        },
      },
      clock: systemClock,
      random: () => 0,
      faults: noFaults,
      onFailed: () => undefined,
      onFault: (fault) => {
        throw fault;
      },
    });
    delivery.kick();
    await waitUntil("all results are taken", () => waiting.size === 0);
    await delivery.stop();
    expect(sent).toEqual([50, 50, 50, 20]);
    expect(taken).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
  });
});

describe("a request", () => {
  test("carries all results that it may", () => {
    const results = Array.from({ length: MAX_RESULTS }, (_, index) => resultOf(index + 1));
    const requests = parsedRequests(results);
    expect(requests.map((request) => request.results)).toEqual([results]);
    expect(requests[0]?.reason).toBe("netsuite: 50 results");
    // The same results are the same request: what is sent again is decided once.
    expect(parsedRequests(results)[0]?.request).toBe(requests[0]?.request);
    expect(parsedRequests(results.slice(1))[0]?.request).not.toBe(requests[0]?.request);
  });

  test("is cut where it would have more bytes than its receiver takes", () => {
    const results = Array.from({ length: MAX_RESULTS }, (_, index) => resultOf(index + 1, "€".repeat(500)));
    const requests = resultRequests(results);
    expect(requests.length).toBeGreaterThan(1);
    expect(Math.max(...requests.map(({ length }) => length))).toBeLessThanOrEqual(MAX_REQUEST_BYTES);
    expect(parsedRequests(results).flatMap((request) => request.results)).toEqual(results);
  });

  test("is none without results", () => {
    expect(resultRequests([])).toEqual([]);
  });
});
