import { soapFault } from "./errors.ts";
import { readXml, type XmlElement } from "./xml-reader.ts";

export const SOAP = "http://schemas.xmlsoap.org/soap/envelope/";

export interface SoapRequest {
  readonly action: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** The message of an operation's request. Throws a SOAP fault for another operation, or what is no envelope. */
export function messageOf(
  { action, contentType = "", body }: SoapRequest,
  operation: { readonly action: string; readonly name: string; readonly namespace: string },
): XmlElement {
  if (!/^text\/xml; ?charset=utf-8$/i.test(contentType))
    throw soapFault(`Content type ${contentType} is not text/xml; charset=utf-8`);
  if (action !== `"${operation.action}"` && action !== operation.action)
    throw soapFault(`SOAP action ${action ?? ""} is not known to this service`);
  const envelope = readXml(body);
  const [prefix, local] = nameOf(envelope.name);
  const [soapBody] = envelope.children.filter(({ name }) => name === `${prefix}:Body`);
  if (local !== "Envelope" || envelope.attributes[`xmlns:${prefix}`] !== SOAP || soapBody === undefined)
    throw soapFault("The request is no SOAP envelope");
  const [message, ...others] = soapBody.children;
  const [messagePrefix, name] = nameOf(message?.name ?? "");
  const declared = `xmlns:${messagePrefix}`;
  const namespace = message?.attributes[declared] ?? envelope.attributes[declared];
  const isRight = name === operation.name && namespace === operation.namespace;
  if (message === undefined || others.length > 0 || !isRight)
    throw soapFault(`The body holds no ${operation.name} of ${operation.namespace}`);
  return message;
}

function nameOf(name: string): readonly [prefix: string, local: string] {
  const [prefix = "", local = ""] = name.split(":");
  return [prefix, local];
}
