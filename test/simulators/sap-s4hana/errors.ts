/** How the system says no: in OData's form, or as a SOAP fault. */

export class SapError extends Error {
  readonly status: number;
  readonly code: string;
  readonly form: "odata" | "soap" | "text";
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    {
      form = "odata",
      headers = {},
    }: { form?: SapError["form"]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = "SapError";
    this.status = status;
    this.code = code;
    this.form = form;
    this.headers = headers;
  }
}

/** A request that breaks the schema: SAP answers HTTP 500, and a right sender never sees it. */
export function soapFault(message: string): SapError {
  return new SapError(500, "soap:Server", message, { form: "soap" });
}

export function badRequest(message: string, code = "005056A509B11EE1B9A8FEC11C21578E"): SapError {
  return new SapError(400, code, message);
}

export function notFound(message: string): SapError {
  return new SapError(404, "/IWBEP/CM_MGW_RT/020", message);
}

export function unauthorized(): SapError {
  return new SapError(401, "401", "Unauthorized", {
    form: "text",
    headers: { "www-authenticate": 'Basic realm="SAP S/4HANA Cloud"' },
  });
}

export function forbidden(service: string): SapError {
  return new SapError(403, "/IWFND/MED/170", `No authorization to access service '${service}'`);
}

export function errorBody(error: SapError): { readonly body: string; readonly type: string } {
  const { code, message, form } = error;
  if (form === "text") return { body: message, type: "text/plain" };
  if (form === "soap")
    return {
      type: "text/xml; charset=utf-8",
      body:
        '<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/"><soap-env:Header/><soap-env:Body>' +
        `<soap-env:Fault><faultcode>soap-env:Server</faultcode><faultstring xml:lang="en">${xmlText(message)}</faultstring></soap-env:Fault>` +
        "</soap-env:Body></soap-env:Envelope>",
    };
  const innererror = {
    transactionid: "64AF00000000",
    errordetails: [{ code, message, severity: "error" }],
  };
  return {
    type: "application/json",
    body: JSON.stringify({ error: { code, message: { lang: "en", value: message }, innererror } }),
  };
}

export function xmlText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
