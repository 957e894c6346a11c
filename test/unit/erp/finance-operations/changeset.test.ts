import { expect, it } from "vitest";
import { changesetBody } from "../../../../src/sinks/erp/finance-operations/changeset.ts";
import { JsonDecimal } from "../../../../src/sinks/http/exact-json.ts";

it("writes a changeset as the service reads it", () => {
  const body = changesetBody(
    [
      { entity: "CDSFreeTextInvoiceHeaders", body: { dataAreaId: "usmf", ExternalInvoiceId: "umr-1" } },
      {
        entity: "CDSFreeTextInvoiceLines",
        body: { LineNumber: new JsonDecimal("1"), UnitPrice: new JsonDecimal("120.50") },
      },
    ],
    "umr-1",
  );
  expect(body.split("\r\n")).toEqual([
    "--batch_umr-1",
    "Content-Type: multipart/mixed; boundary=changeset_umr-1",
    "",
    "--changeset_umr-1",
    "Content-Type: application/http",
    "Content-Transfer-Encoding: binary",
    "Content-ID: 1",
    "",
    "POST /data/CDSFreeTextInvoiceHeaders?cross-company=true HTTP/1.1",
    "Content-Type: application/json;odata.metadata=minimal",
    "Accept: application/json;odata.metadata=minimal",
    "Prefer: return=minimal",
    "OData-Version: 4.0",
    "",
    '{"dataAreaId":"usmf","ExternalInvoiceId":"umr-1"}',
    "--changeset_umr-1",
    "Content-Type: application/http",
    "Content-Transfer-Encoding: binary",
    "Content-ID: 2",
    "",
    "POST /data/CDSFreeTextInvoiceLines?cross-company=true HTTP/1.1",
    "Content-Type: application/json;odata.metadata=minimal",
    "Accept: application/json;odata.metadata=minimal",
    "Prefer: return=minimal",
    "OData-Version: 4.0",
    "",
    '{"LineNumber":1,"UnitPrice":120.50}',
    "--changeset_umr-1--",
    "--batch_umr-1--",
    "",
  ]);
});
