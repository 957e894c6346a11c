import { describe, expect, it } from "vitest";
import { receiveNotification } from "../../../../src/sinks/erp/business-central/notifications.ts";
import { NORTH, SOUTH } from "../../../simulators/business-central/environment.ts";

const SECRET = "client-state-of-the-tests-0123456789";
const INVOICE = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";
const OTHER_INVOICE = "6a115c9c-44e3-ea11-bb43-000d3a2feca1";

/** As Microsoft's documentation shows it. */
function notification(changes: object = {}): object {
  return {
    subscriptionId: "webhookInvoicesId",
    clientState: SECRET,
    expirationDateTime: "2018-10-29T07:52:31Z",
    resource: `api/v2.0/companies(${NORTH})/salesInvoices(${INVOICE})`,
    changeType: "updated",
    lastModifiedDateTime: "2018-10-26T12:54:20.467Z",
    ...changes,
  };
}

function received(body: unknown, query = "") {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return receiveNotification({ query: new URLSearchParams(query), body: Buffer.from(text) }, SECRET);
}

function hintOf(...notifications: readonly object[]) {
  return received({ value: notifications });
}

describe("a handshake", () => {
  it("is answered with its token, whatever the body says", () => {
    expect(received("", "validationToken=a-1%2B2")).toEqual({ kind: "handshake", text: "a-1+2" });
    expect(received("{", "x=y&validationToken=abc")).toEqual({ kind: "handshake", text: "abc" });
  });

  it.each([["validationToken="], ["validationToken=a%0Ab"], [`validationToken=${"a".repeat(2_049)}`]])(
    "sends nothing odd back: %s",
    (query) => {
      expect(received("", query)).toEqual({ kind: "refused", reason: "form" });
    },
  );
});

describe("notifications", () => {
  it("name invoices, each once, of any company and change", () => {
    expect(
      hintOf(
        notification(),
        notification({ changeType: "created" }),
        notification({
          changeType: "deleted",
          resource: `/API/v2.0/companies(${SOUTH})/salesInvoices(${OTHER_INVOICE.toUpperCase()})`,
        }),
      ),
    ).toEqual({ kind: "changes", forged: 0, hint: { ids: [INVOICE, OTHER_INVOICE], isAll: false } });
  });

  it.each([
    [{ changeType: "collection", resource: `api/v2.0/companies(${NORTH})/salesInvoices?$filter=x` }],
    [{ changeType: "collection" }],
    [{ changeType: "renamed" }],
    [{ resource: `api/v2.0/companies(${NORTH})/salesInvoices('no-id')` }],
    [{ resource: `api/v2.0/companies(${NORTH})/customers(${INVOICE})` }],
    [{ resource: "" }],
  ])("that name no invoice may mean all of them: %j", (changes) => {
    expect(hintOf(notification(changes))).toEqual({
      kind: "changes",
      forged: 0,
      hint: { ids: [], isAll: true },
    });
  });

  it("of more than a thousand changes mean all of them", () => {
    const many = Array.from({ length: 1_001 }, () => notification());
    expect(hintOf(...many)).toMatchObject({ hint: { ids: [], isAll: true } });
    expect(hintOf(...many.slice(1))).toMatchObject({ hint: { ids: [INVOICE], isAll: false } });
  });

  it.each([[`${SECRET}x`], [SECRET.slice(1)], [""], [undefined], [null]])(
    "with another client state are refused: %j",
    (clientState) => {
      expect(hintOf(notification({ clientState }))).toEqual({ kind: "refused", reason: "credential" });
      const other = `salesInvoices(${OTHER_INVOICE})`;
      expect(
        hintOf(
          notification(),
          notification({ clientState, resource: `api/v2.0/companies(${NORTH})/${other}` }),
        ),
      ).toEqual({ kind: "changes", forged: 1, hint: { ids: [INVOICE], isAll: false } });
    },
  );

  it.each([
    [""],
    ["{"],
    ["[]"],
    ['{"value":[]}'],
    ['{"value":{}}'],
    [{ value: [notification({ resource: 1 })] }],
    [{ value: [notification({ clientState: {} })] }],
    ["\u0000"],
  ])("that can't be read are refused: %j", (body) => {
    expect(received(body)).toEqual({ kind: "refused", reason: "form" });
  });

  it("may begin with a byte order mark, as former versions had it", () => {
    expect(received(`\uFEFF${JSON.stringify({ value: [notification()] })}`)).toMatchObject({
      kind: "changes",
    });
  });
});
