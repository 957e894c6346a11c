import { fc } from "@fast-check/vitest";
import { createHmac } from "node:crypto";
import OAuth from "oauth-1.0a";
import { describe, expect, it } from "vitest";
import { originOf, realmOf } from "../../../../src/sinks/erp/netsuite/account.ts";
import {
  signatureBase,
  tokenAuthorization,
  TokenAuthentication,
} from "../../../../src/sinks/erp/netsuite/token-authentication.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const CREDENTIALS = {
  account: "1234567-sb1",
  consumerKey: "ck",
  consumerSecret: "cs",
  tokenId: "tk",
  tokenSecret: "ts",
};
const ONCE = { nonce: "n0nce", timestampSeconds: 1_700_000_000 };
const RECORDS = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/invoice";

function fieldOf(header: string, name: string): string {
  return decodeURIComponent(new RegExp(`${name}="([^"]*)"`).exec(header)?.[1] ?? "");
}

describe("signature of a request with a token", () => {
  it.each([
    [
      "GET",
      `${RECORDS}?q=externalId%20IS%20%22inv%3A42%22&limit=5`,
      "uuClLr0Iuqcx3rIq3ZsGJ6/MtZRPlCfr1kATVuCbQcs=",
    ],
    ["PUT", `${RECORDS}/eid:inv-42?replace=item`, "/26r6eTR4djr1FsOHMFFhc3Jo/vG+12v5gsDm/5WXHU="],
  ])("is the golden one: %s", (method, url, signature) => {
    const header = tokenAuthorization({ method, url }, CREDENTIALS, ONCE);
    expect(fieldOf(header, "oauth_signature")).toBe(signature);
  });

  it("decodes a query before it encodes it, and encodes the path again", () => {
    expect(
      signatureBase({ method: "GET", url: `${RECORDS}?q=externalId%20IS%20%22inv%3A42%22` }, {}),
    ).toMatch(/&q%3DexternalId%2520IS%2520%2522inv%253A42%2522$/);
    expect(signatureBase({ method: "put", url: `${RECORDS}/eid:a` }, {})).toMatch(
      /^PUT&https%3A%2F%2F.*eid%3Aa&$/,
    );
  });

  it("names the realm in its own form, and no secret", () => {
    const header = tokenAuthorization({ method: "GET", url: RECORDS }, CREDENTIALS, ONCE);
    expect(header).toMatch(/^OAuth realm="1234567_SB1", oauth_consumer_key="ck", oauth_token="tk"/);
    expect(header).not.toMatch(/"(cs|ts)"/);
  });

  it("is that of another implementation, for any query and secrets", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.stringMatching(/^[a-z_]{1,8}$/), fc.string({ unit: "grapheme" })), {
          maxLength: 4,
        }),
        fc.constantFrom("GET", "PUT", "POST"),
        fc.string(),
        fc.string(),
        (query, method, consumerSecret, tokenSecret) => {
          // The other implementation keeps one value a name, and takes names as they are.
          const parameters = new URLSearchParams(Object.fromEntries(query)).toString().replaceAll("+", "%20");
          const url = parameters === "" ? RECORDS : `${RECORDS}?${parameters}`;
          const other = new OAuth({
            consumer: { key: "ck", secret: consumerSecret },
            signature_method: "HMAC-SHA256",
            hash_function: (base, key) => createHmac("sha256", key).update(base).digest("base64"),
          });
          other.getNonce = () => ONCE.nonce;
          other.getTimeStamp = () => ONCE.timestampSeconds;
          const { oauth_signature: expected } = other.authorize(
            { url, method },
            { key: "tk", secret: tokenSecret },
          );
          const header = tokenAuthorization(
            { method, url },
            { ...CREDENTIALS, consumerSecret, tokenSecret },
            ONCE,
          );
          expect(fieldOf(header, "oauth_signature")).toBe(expected);
        },
      ),
    );
  });

  it("never uses a nonce twice", async () => {
    const authentication = new TokenAuthentication(CREDENTIALS, new ManualClock(), Math.random);
    const request = { method: "GET", url: RECORDS };
    const headers = await Promise.all([1, 2, 3].map(() => authentication.authorization(request)));
    expect(new Set(headers.map((header) => fieldOf(header, "oauth_nonce"))).size).toBe(3);
    expect(authentication.refused()).toBe(false);
  });
});

it("knows both forms of an account's id", () => {
  expect(["1234567", "1234567_SB1", "1234567-sb1", "TSTDRV12"].map(realmOf)).toEqual([
    "1234567",
    "1234567_SB1",
    "1234567_SB1",
    "TSTDRV12",
  ]);
  expect(originOf("1234567_SB1")).toBe("https://1234567-sb1.suitetalk.api.netsuite.com");
});
