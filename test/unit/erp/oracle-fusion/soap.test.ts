import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldOf, nodesOf, soapBody, soapEnvelope } from "../../../../src/sinks/erp/oracle-fusion/soap.ts";

const SERVICE = { path: "/s", service: "urn:service/", types: "urn:service/types/" };

it("puts operations and parameters in one namespace, and fields in another", () => {
  const envelope = soapEnvelope(SERVICE, "createThing", [
    { name: "thing", value: { Name: "A & <B>", Site: [{ Id: "1" }, { Id: "2" }], Missing: undefined } },
    { name: "findCriteria", value: { fetchStart: "0" }, isQuestion: true },
    { name: "bindId", value: "7" },
  ]);
  expect(envelope).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ' +
      'xmlns:typ="urn:service/types/" xmlns:svc="urn:service/" xmlns:adf="http://xmlns.oracle.com/adf/svc/types/">' +
      "<soap:Body><typ:createThing><typ:thing><svc:Name>A &amp; &lt;B&gt;</svc:Name><svc:Site><svc:Id>1</svc:Id></svc:Site>" +
      "<svc:Site><svc:Id>2</svc:Id></svc:Site></typ:thing><typ:findCriteria><adf:fetchStart>0</adf:fetchStart>" +
      "</typ:findCriteria><typ:bindId>7</typ:bindId></typ:createThing></soap:Body></soap:Envelope>",
  );
});

describe("an answer", () => {
  const answer = (inner: string): string =>
    `<?xml version="1.0"?><env:Envelope xmlns:env="e"><env:Body><ns0:opResponse xmlns:ns0="t">${inner}</ns0:opResponse></env:Body></env:Envelope>`;

  it("has one value or several, texts with their zeros, and nils", () => {
    const body = soapBody(
      answer(
        '<ns2:result xmlns:ns2="t" xmlns:ns1="s"><ns1:Value><ns1:AccountNumber>0012</ns1:AccountNumber><ns1:Nil xmlns:xsi="i" xsi:nil="true"/></ns1:Value>' +
          '<ns1:Value><ns1:AccountNumber xsi:type="x">300000003278056</ns1:AccountNumber></ns1:Value></ns2:result>',
      ),
    );
    const values = nodesOf(nodesOf(body, "opResponse")[0], "result").flatMap((result) =>
      nodesOf(result, "Value"),
    );
    expect(values.map((value) => fieldOf(value, "AccountNumber"))).toEqual(["0012", "300000003278056"]);
    expect(fieldOf(values[0], "Nil")).toBe("");
  });

  it("that is none is told apart", () => {
    for (const text of [
      "",
      "{}",
      "<html><body>x</body></html>",
      "<a",
      answer("").replaceAll("Envelope", "Other"),
    ])
      expect(soapBody(text)).toBeUndefined();
  });
});

/** Characters that XML 1.0 can't say. */
function isSayable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x20
    ? code < 0xd800 || (code > 0xdfff && code !== 0xfffe && code !== 0xffff)
    : [9, 10, 13].includes(code);
}

it("any text goes into an envelope and comes out of it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const envelope = soapEnvelope(SERVICE, "op", [{ name: "p", value: { Name: text } }]);
      const [parameter] = nodesOf(nodesOf(soapBody(envelope), "op")[0], "p");
      // What XML can't say is left out; blanks at the ends are not kept, and line ends become one kind.
      const kept = Array.from(text).filter(isSayable).join("");
      const normal = (each: string): string => each.replaceAll(/\s/g, "");
      expect(normal(fieldOf(parameter, "Name"))).toBe(normal(kept));
    }),
  );
});
