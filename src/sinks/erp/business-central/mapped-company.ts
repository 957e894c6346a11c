import type { MappedRows } from "../common/mapped-references.ts";
import { ErpFault } from "../erp-sink.ts";
import type { PlanSettings } from "./plan.ts";

/** Id of a company, as its address in the API has it. */
export const COMPANY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The company that keeps a legal entity's books: one that the connection is allowed to post to. */
export function mappedCompany(rows: MappedRows, legalEntity: string, { companies }: PlanSettings): string {
  const company = rows.required("legal_entity", legalEntity, "company").toLowerCase();
  if (companies.includes(company)) return company;
  throw new ErpFault(
    "mapping",
    `legal entity ${legalEntity}: the company ${company.slice(0, 50)} is not among the connection's companies`,
    { code: "mapping-unusable" },
  );
}
