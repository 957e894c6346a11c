import { NatsError } from "nats";
import { expect, test } from "vitest";
import { whenAvailable } from "../../../src/ingest/jetstream/when-available.ts";
import { TributaryError } from "../../../src/model/errors.ts";

const unreachable = (): TributaryError => new TributaryError("broker-unreachable", "nobody answers");

test("what a broker did not answer is asked again until it does", async () => {
  let asked = 0;
  const repeated: unknown[] = [];
  const answer = await whenAvailable(
    () => {
      asked += 1;
      return asked < 3 ? Promise.reject(unreachable()) : Promise.resolve("there");
    },
    { onRepeated: (fault) => repeated.push(fault) },
  );
  expect([answer, asked, repeated.length]).toEqual(["there", 3, 2]);
});

test("at the deadline the last fault is thrown", async () => {
  await expect(whenAvailable(() => Promise.reject(unreachable()), { deadlineMs: 300 })).rejects.toMatchObject(
    { code: "broker-unreachable" },
  );
});

const refused = (code: number, err_code: number): TributaryError => {
  const cause = new NatsError("refused", "400");
  cause.api_error = { code, err_code, description: "refused" };
  return new TributaryError("broker-unreachable", "refused", { cause });
};

test.each([
  ["a refusal is thrown at once", 500, 10_074, 1],
  ["a cluster that does not see all of its servers yet is asked again", 400, 10_005, 2],
  ["a cluster without a leader is asked again", 503, 10_008, 2],
])("%s", async (_, code, errCode, times) => {
  let asked = 0;
  await whenAvailable(() => {
    asked += 1;
    return asked === 1 ? Promise.reject(refused(code, errCode)) : Promise.resolve();
  }).catch(() => undefined);
  expect(asked).toBe(times);
});

test("any other fault is thrown at once", async () => {
  let asked = 0;
  const refuse = (): Promise<never> => {
    asked += 1;
    return Promise.reject(new TributaryError("stream-missing", "gone"));
  };
  await expect(whenAvailable(refuse)).rejects.toMatchObject({ code: "stream-missing" });
  expect(asked).toBe(1);
});
