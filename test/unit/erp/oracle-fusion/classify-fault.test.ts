import { describe, expect, it } from "vitest";
import { faultOfReply } from "../../../../src/sinks/erp/oracle-fusion/classify-fault.ts";
import type { RequestEffect } from "../../../../src/sinks/erp/common/erp-requests.ts";
import { errorReply } from "../../../../src/sinks/erp/oracle-fusion/error-reply.ts";
import { faultOfLog } from "../../../../src/sinks/erp/oracle-fusion/import-log.ts";

function json(detail: string, code?: string, path?: string): string {
  return JSON.stringify({
    title: "Bad Request",
    status: "400",
    "o:errorDetails": [{ detail, "o:errorCode": code, "o:errorPath": path }],
  });
}

function soapFault(message: string, code = ""): string {
  return (
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><env:Fault><faultcode>env:Server</faultcode>' +
    `<faultstring>${message}</faultstring><detail><ns0:ServiceErrorMessage xmlns:ns0="x"><ns0:code>${code}</ns0:code>` +
    `<ns0:message>&lt;MESSAGE>&lt;TEXT>${message}&lt;/TEXT>&lt;/MESSAGE></ns0:message><ns0:detail><ns0:message>a field</ns0:message>` +
    "<ns0:attributeName>PartyId</ns0:attributeName></ns0:detail></ns0:ServiceErrorMessage></detail></env:Fault></env:Body></env:Envelope>"
  );
}

function fault(
  status: number,
  text: string,
  effect: RequestEffect = "write",
  contentType = "application/vnd.oracle.adf.error+json",
) {
  return faultOfReply({ status, text, contentType, retryAfterMs: undefined }, effect);
}

describe("a refusal's code and text decide, before its status", () => {
  it.each([
    [
      400,
      json("The criteria you entered didn't return a bill-to customer.", "AR_BILL_TO_CUST_NOT_FOUND"),
      "mapping",
    ],
    [400, json("x", "AR_BILL_TO_SITE_NOT_FOUND"), "mapping"],
    [
      400,
      json(
        "The criteria you entered returned duplicate customer bill-to sites.",
        "AR_BILL_TO_SITE_DUPLICATE",
      ),
      "mapping",
    ],
    [400, json("x", "AR_BU_NOT_FOUND"), "mapping"],
    [400, json("x", "AR_BATCH_SOURCE_NOT_FOUND"), "mapping"],
    [400, json("x", "AR_ITEM_NOT_FOUND"), "mapping"],
    [400, json("x", "AR_LINE_ATTR_OPT_REQ"), "mapping"],
    [400, json("The currency you entered is invalid.", "AR_FUNC_CURRENCY_REQ"), "mapping"],
    [400, json("AR_BU_NOT_FOUND: the business unit doesn't exist"), "mapping"],
    [400, json("The account combination 01-1 isn't valid."), "mapping"],
    [400, json("The transaction number N-1 has already been used."), "duplicate"],
    [400, json("The receipt number is a duplicate.", "AR_RCP_DUP_NUM"), "duplicate"],
    [400, json("The accounting date isn't in an open or future-enterable period."), "period-closed"],
    [400, json("The GL date 2026-06-30 is in a closed period."), "period-closed"],
    [400, json("You must provide a value.", "FND_CMN_REQ_ATTRIB_API_SERV"), "validation"],
    [500, soapFault("Failed to validate a row with key null", "JBO-27024"), "validation"],
    [500, soapFault("The source system isn't registered.", "HZ-120559"), "validation"],
    [500, soapFault("A record already exists.", "HZ_API_DUPLICATE_COLUMN"), "duplicate"],
    [500, soapFault("something that nobody foresaw"), "validation"],
    [412, json("Another user has changed the row.", "JBO-25014"), "version-conflict"],
    [404, json("The requested item was not found."), "version-conflict"],
    [403, json("Forbidden"), "permission"],
    [400, json("You are not authorized to do this."), "permission"],
    [401, json("The transaction number has already been used."), "authentication"],
    [429, "", "throttle"],
    [503, "<html>maintenance</html>", "transient"],
    [500, "<html>Internal Server Error</html>", "unknown"],
    [502, "", "unknown"],
    [504, "", "unknown"],
    [408, "", "unknown"],
    [302, "", "transient"],
    [400, json("The request is wrong in another way."), "validation"],
  ])("%i %s: %s", (status, text, kind) => {
    expect(fault(status, text).kind).toBe(kind);
  });

  it("a question that has no answer is asked again, whatever may have happened", () => {
    for (const status of [500, 502, 504, 408, 404, 503])
      expect(fault(status, "", "read").kind).toBe("transient");
  });
});

describe("what is told", () => {
  it("is read from JSON, plain texts and faults alike", () => {
    expect(fault(400, json("Enter a value.", "AR_LINE_ATTR_OPT_REQ", "/lines"))).toMatchObject({
      code: "AR_LINE_ATTR_OPT_REQ",
      message: "Oracle: Enter a value. (/lines)",
    });
    const plain = fault(
      400,
      "The transaction number N-1 has already been used.",
      "write",
      "text/plain; charset=UTF-8",
    );
    expect(plain).toMatchObject({ kind: "duplicate", code: null });
    expect(fault(500, soapFault("Failed to validate", "JBO-27024")).message).toBe(
      "Oracle: Failed to validate",
    );
    expect(errorReply(soapFault("x", "y"), "text/xml").details).toContainEqual({
      code: "",
      message: "a field",
      path: "PartyId",
    });
  });

  it("is bounded, and says nothing of a page that isn't Oracle's", () => {
    expect(fault(400, json("x".repeat(5_000))).message.length).toBeLessThanOrEqual(500);
    expect(fault(502, "<html>secret proxy</html>", "write", "text/html").message).toBe(
      "Oracle answered with HTTP 502: it isn't known what was done",
    );
    for (const body of ["", "{", "[]", "null", "<a>", "<env:Envelope/>", '{"o:errorDetails":[{}]}'])
      expect(fault(400, body).kind).toBe("validation");
  });
});

describe("the log of an import", () => {
  it.each([
    ["EP01 This date is not in any open or future enterable period", "period-closed", "EP01"],
    ["EF04 Invalid account 01-000", "mapping", "EF04"],
    ["EC08 Invalid currency code", "mapping", "EC08"],
    ["WU01 The journal is unbalanced", "validation", "WU01"],
    ["EP01 closed\nEF04 no account", "mapping", "EF04"],
    ["The program ended for another reason", "validation", "ERROR"],
    ["", "validation", "ERROR"],
  ])("%j: %s %s", (log, kind, code) => {
    expect(faultOfLog("ERROR", log)).toMatchObject({ kind, code });
  });

  it("names the first few lines", () => {
    const log = Array.from({ length: 50 }, (_, index) => `EF04 Invalid account ${index}`).join("\n");
    const { message } = faultOfLog("WARNING", log);
    expect(message).toContain("EF04 Invalid account 0; EF04 Invalid account 1");
    expect(message.length).toBeLessThanOrEqual(500);
  });
});
