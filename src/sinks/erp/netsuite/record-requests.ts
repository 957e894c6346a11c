import { writeExactJson } from "../../http/exact-json.ts";
import type { HttpReply } from "../common/http-client.ts";
import { ErpFault } from "../erp-sink.ts";
import type { RecordType, UpsertRequest } from "./plan.ts";

/** Addresses, headers and answers of the record service. */

export const RECORD_ROOT = "/services/rest/record/v1";
const SINGULAR = "application/vnd.oracle.resource+json; type=singular";

/** Makes a misspelt field or a value of the wrong type an error; by itself NetSuite passes over unknown names. */
export const STRICT_HEADERS: Readonly<Record<string, string>> = {
  "X-NetSuite-PropertyNameValidation": "Error",
  "X-NetSuite-PropertyValueValidation": "Error",
};

export const READ_HEADERS: Readonly<Record<string, string>> = { accept: SINGULAR };

export const UPSERT_HEADERS: Readonly<Record<string, string>> = {
  ...STRICT_HEADERS,
  "content-type": SINGULAR,
};

/** Address of a record by its external id. */
export function externalIdPath(recordType: RecordType, externalId: string): string {
  return `${RECORD_ROOT}/${recordType}/eid:${encodeURIComponent(externalId)}`;
}

/** Address by which a record is created, or made the same. Sublists that are not replaced would get the lines once more. */
export function upsertPath({ recordType, replace }: UpsertRequest, externalId: string): string {
  const query = replace.length === 0 ? "" : `?replace=${encodeURIComponent(replace.join(","))}`;
  return externalIdPath(recordType, externalId) + query;
}

export function upsertBody({ body }: UpsertRequest): string {
  return writeExactJson(body);
}

const RECORD_LOCATION = /\/services\/rest\/record\/v1\/[A-Za-z]+\/(\d{1,18})$/;

/** The id of a record that was written: the header `Location` is the only place that tells it. */
export function idOfLocation(reply: HttpReply): string {
  const id = recordIdIn(reply.header("location") ?? "");
  if (id === undefined)
    throw new ErpFault(
      "unknown",
      `NetSuite answered HTTP ${reply.status} without saying which record it wrote`,
    );
  return id;
}

/** Id at the end of a record's address; undefined where it is none. */
export function recordIdIn(address: string): string | undefined {
  return RECORD_LOCATION.exec(address)?.[1];
}
