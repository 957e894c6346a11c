import type { MappingTable } from "../../../model/posting.ts";
import { isCalendarDay } from "./days.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { ErpFault } from "../erp-sink.ts";
import type { AccountAssignment } from "./plan.ts";

/** Values of a mapping in the form that SAP's keys have: what can't be one is told before anything is sent. */

/** [metadata] CompanyCode, GLAccount, Customer, TaxCode and the others, with their lengths. SAP keeps keys in upper case. */
const FORMS = {
  companyCode: [/^[A-Z0-9]{1,4}$/, "a company code (1–4 capital letters or digits)"],
  account: [/^[A-Z0-9]{1,10}$/, "a G/L account (1–10 digits)"],
  currency: [/^[A-Z]{3,5}$/, "a currency (3–5 capital letters)"],
  customer: [/^[A-Z0-9]{1,10}$/, "a customer's number (1–10 digits)"],
  taxCode: [/^[A-Z0-9]{2}$/, "a tax code (two capital letters or digits)"],
  conditionType: [/^[A-Z0-9]{4}$/, "a condition type (four capital letters or digits)"],
  classification: [/^[A-Z0-9]{3}$/, "a transaction key (three capital letters or digits)"],
  terms: [/^[A-Z0-9]{1,4}$/, "terms of payment (1–4 capital letters or digits)"],
  salesOrganization: [/^[A-Z0-9]{1,4}$/, "a sales organisation (1–4 capital letters or digits)"],
  distributionChannel: [/^[A-Z0-9]{1,2}$/, "a distribution channel (1–2 capital letters or digits)"],
  division: [/^[A-Z0-9]{1,2}$/, "a division (1–2 capital letters or digits)"],
  plant: [/^[A-Z0-9]{1,4}$/, "a plant (1–4 capital letters or digits)"],
  material: [/^[A-Z0-9_./-]{1,40}$/, "a material's number (1–40 capital letters, digits or _ . / -)"],
  unit: [/^[A-Z0-9]{1,3}$/, "a unit of measure (1–3 capital letters or digits)"],
  itemCategory: [/^[A-Z0-9]{1,4}$/, "an item category (1–4 capital letters or digits)"],
  country: [/^[A-Z]{2}$/, "a country (two capital letters)"],
  cost_center: [/^[A-Z0-9_.-]{1,10}$/, "a cost centre (1–10 characters)"],
  profit_center: [/^[A-Z0-9_.-]{1,10}$/, "a profit centre (1–10 characters)"],
  segment: [/^[A-Z0-9_.-]{1,10}$/, "a segment (1–10 characters)"],
  wbs_element: [/^[A-Z0-9_./-]{1,24}$/, "a WBS element (1–24 characters)"],
} as const;
export type MappedForm = keyof typeof FORMS;

/** Fields of an assignment in mappings, with SAP's names. */
const ASSIGNMENTS = {
  cost_center: "CostCenter",
  profit_center: "ProfitCenter",
  segment: "Segment",
  wbs_element: "WBSElement",
} as const;
type AssignmentField = keyof typeof ASSIGNMENTS;

/** Throws ErpFault `mapping` where the row or the field is missing, or holds what can't be a key of SAP's. */
export function requiredField(
  rows: MappedRows,
  [table, key, field]: readonly [MappingTable, string, string],
  form: MappedForm,
): string {
  return checked(rows.required(table, key, field), [table, key, field], form);
}

export function optionalField(
  rows: MappedRows,
  [table, key, field]: readonly [MappingTable, string, string],
  form: MappedForm,
): string | null {
  const value = rows.optional(table, key, field);
  return value === undefined ? null : checked(value, [table, key, field], form);
}

function checked(
  value: string,
  [table, key, field]: readonly [MappingTable, string, string],
  form: MappedForm,
): string {
  const [pattern, title] = FORMS[form];
  if (pattern.test(value)) return value;
  throw unusable(`${table} ${JSON.stringify(key)}: ${field} must be ${title}, not ${shown(value)}`);
}

/** What an item is assigned to: the defaults of the item's (account's) row, and over them the line's own dimensions. */
export function assignmentOf(
  rows: MappedRows,
  table: "item" | "account",
  key: string,
  dimensions: Readonly<Record<string, string>>,
): AccountAssignment {
  const values: { [Name in (typeof ASSIGNMENTS)[AssignmentField]]?: string } = {};
  for (const [field, name] of ASSIGNMENT_FIELDS) {
    const value = optionalField(rows, [table, key, field], field);
    if (value !== null) values[name] = value;
  }
  for (const [name, value] of Object.entries(dimensions)) {
    const dimension = `${name}=${value}`;
    const field = rows.required("dimension", dimension, "field");
    if (!isAssignmentField(field))
      throw unusable(
        `dimension ${dimension}: field must be one of ${Object.keys(ASSIGNMENTS).join(", ")}, not ${shown(field)}`,
      );
    values[ASSIGNMENTS[field]] = requiredField(rows, ["dimension", dimension, "id"], field);
  }
  return values;
}

const ASSIGNMENT_FIELDS = [
  ["cost_center", ASSIGNMENTS.cost_center],
  ["profit_center", ASSIGNMENTS.profit_center],
  ["segment", ASSIGNMENTS.segment],
  ["wbs_element", ASSIGNMENTS.wbs_element],
] as const;

function isAssignmentField(field: string): field is AssignmentField {
  return Object.hasOwn(ASSIGNMENTS, field);
}

/** The day that a document is posted on: its own, or another one that the mapping gives for its month (which is closed). */
export function postingDateOf(rows: MappedRows, date: string): string {
  const month = date.slice(0, "YYYY-MM".length);
  const mapped = rows.optional("period", month, "posting_date");
  if (mapped === undefined) return date;
  if (!isCalendarDay(mapped))
    throw unusable(`period ${month}: posting_date must be a day, like 2026-07-01, not ${shown(mapped)}`);
  return mapped;
}

function unusable(message: string): ErpFault {
  return new ErpFault("mapping", message, { code: "mapping-unusable" });
}

function shown(value: string): string {
  return JSON.stringify(value.slice(0, 50));
}
