import { isNumberText } from "../exact-numbers.ts";

/** What is wrong with a request, in the form of AvaTax' errors. */
export interface RequestFault {
  readonly code: string;
  readonly message: string;
  readonly refersTo: string;
}

type Kind = "text" | "number" | "boolean" | "date" | Shape | readonly [Shape];
interface Shape {
  readonly [name: string]: { readonly kind: Kind; readonly required?: true; readonly maxLength?: number };
}

const text = (maxLength?: number) => ({
  kind: "text" as const,
  ...(maxLength === undefined ? {} : { maxLength }),
});

const ADDRESS: Shape = {
  locationCode: text(50),
  line1: text(50),
  line2: text(100),
  line3: text(100),
  city: text(50),
  region: text(50),
  country: text(50),
  postalCode: text(11),
};
const ADDRESSES: Shape = {
  singleLocation: { kind: ADDRESS },
  shipFrom: { kind: ADDRESS },
  shipTo: { kind: ADDRESS },
};
const OVERRIDE: Shape = {
  type: text(),
  taxAmount: { kind: "number" },
  taxDate: { kind: "date" },
  reason: text(255),
};
const LINE: Shape = {
  number: text(50),
  quantity: { kind: "number" },
  amount: { kind: "number", required: true },
  addresses: { kind: ADDRESSES },
  taxCode: text(25),
  entityUseCode: text(25),
  itemCode: text(50),
  exemptionCode: text(25),
  discounted: { kind: "boolean" },
  taxIncluded: { kind: "boolean" },
  ref1: text(250),
  ref2: text(250),
  description: text(2096),
  businessIdentificationNo: text(25),
  taxOverride: { kind: OVERRIDE },
};
/** The fields of CreateTransactionModel that a company without special arrangements uses. */
const TRANSACTION: Shape = {
  code: text(50),
  lines: { kind: [LINE], required: true },
  type: text(),
  companyCode: text(25),
  date: { kind: "date", required: true },
  customerCode: { ...text(50), required: true },
  entityUseCode: text(25),
  purchaseOrderNo: text(50),
  exemptionNo: text(25),
  addresses: { kind: ADDRESSES, required: true },
  referenceCode: text(1024),
  commit: { kind: "boolean" },
  taxOverride: { kind: OVERRIDE },
  currencyCode: text(3),
  businessIdentificationNo: text(25),
  description: text(2048),
};
const COMMIT: Shape = { commit: { kind: "boolean", required: true } };
const VOID: Shape = { code: { ...text(), required: true } };

const DOCUMENT_TYPES = new Set(["SalesInvoice", "ReturnInvoice"]);
const OVERRIDE_TYPES = new Set(["None", "TaxAmount", "Exemption", "TaxDate"]);

export function checkCreate(body: unknown): RequestFault[] {
  const faults = checkShape(body, TRANSACTION, "");
  if (faults.length > 0) return faults;
  const transaction = asRecord(body);
  if (!DOCUMENT_TYPES.has(String(transaction["type"])))
    faults.push(fault("ValueRequiredError", "type must be of an invoice to be recorded", "type"));
  const addresses = asRecord(transaction["addresses"]);
  if (addresses["singleLocation"] === undefined)
    for (const name of ["shipFrom", "shipTo"])
      if (asRecord(addresses[name])["country"] === undefined)
        faults.push(fault("AddressError", "an address needs a country", `addresses.${name}`));
  const lines = asList(transaction["lines"]).map(asRecord);
  if (lines.length === 0) faults.push(fault("ValueRequiredError", "there must be a line", "lines"));
  const signs = lines.map(({ amount }) => (isNumberText(amount) ? Number(amount.$number) : 0));
  const sum = signs.reduce((all, amount) => all + amount, 0);
  if (transaction["type"] === "ReturnInvoice" ? sum > 0 : sum < 0)
    faults.push(fault("RangeError", "the amounts must have the sign of the type", "type"));
  const numbers = new Set(lines.map((line) => line["number"]));
  if (numbers.size < lines.length)
    faults.push(fault("DuplicateLineNoError", "lines must have numbers of their own", "lines"));
  lines.forEach((line, index) => {
    const at = `lines[${index}]`;
    const { quantity } = line;
    if (isNumberText(quantity) && !/^[\d.]*[1-9][\d.]*$/.test(quantity.$number))
      faults.push(fault("RangeError", "quantity must be positive", `${at}.quantity`));
    if (line["taxOverride"] !== undefined) faults.push(...checkOverride(asRecord(line["taxOverride"]), at));
  });
  return faults;
}

export function checkCommit(body: unknown): RequestFault[] {
  return checkShape(body, COMMIT, "");
}

export function checkVoid(body: unknown): RequestFault[] {
  const faults = checkShape(body, VOID, "");
  if (faults.length > 0 || asRecord(body)["code"] === "DocVoided") return faults;
  return [fault("RangeError", "what was committed is voided as DocVoided", "code")];
}

function checkOverride(override: Readonly<Record<string, unknown>>, at: string): RequestFault[] {
  const faults: RequestFault[] = [];
  if (!OVERRIDE_TYPES.has(String(override["type"])))
    faults.push(fault("RangeError", "there is no such type of override", `${at}.taxOverride.type`));
  if (override["type"] === "TaxDate" && override["taxDate"] === undefined)
    faults.push(fault("ValueRequiredError", "taxDate is required", `${at}.taxOverride.taxDate`));
  // A tax that was calculated before is of the day that it was calculated for.
  if (override["type"] === "TaxAmount")
    for (const name of ["taxAmount", "taxDate"])
      if (override[name] === undefined)
        faults.push(fault("ValueRequiredError", `${name} is required`, `${at}.taxOverride.${name}`));
  if (override["type"] !== "None" && (override["reason"] ?? "") === "")
    faults.push(fault("ValueRequiredError", "reason is required", `${at}.taxOverride.reason`));
  return faults;
}

function checkShape(value: unknown, shape: Shape, path: string): RequestFault[] {
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  if (typeof value !== "object" || value === null || Array.isArray(value) || isNumberText(value))
    return [fault("ModelStateInvalid", "must be an object", path)];
  const members = asRecord(value);
  const faults: RequestFault[] = [];
  for (const name of Object.keys(members))
    if (shape[name] === undefined)
      faults.push(fault("ModelStateInvalid", `there is no field ${name}`, at(name)));
  for (const [name, { kind, required, maxLength }] of Object.entries(shape)) {
    const member = members[name];
    if (member === undefined || member === null) {
      if (required === true) faults.push(fault("ValueRequiredError", `${name} is required`, at(name)));
    } else faults.push(...checkKind(member, kind, at(name), maxLength));
  }
  return faults;
}

function checkKind(value: unknown, kind: Kind, path: string, maxLength = Infinity): RequestFault[] {
  const expect = (fits: boolean, what: string): RequestFault[] =>
    fits ? [] : [fault("ModelStateInvalid", `must be ${what}`, path)];
  if (kind === "number") return expect(isNumberText(value), "a number");
  if (kind === "boolean") return expect(typeof value === "boolean", "true or false");
  if (kind === "date") return expect(typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value), "a date");
  if (kind === "text") {
    if (typeof value !== "string") return expect(false, "a text");
    return value.length <= maxLength
      ? []
      : [fault("StringLengthError", `must have at most ${maxLength} characters`, path)];
  }
  if (!isListOf(kind)) return checkShape(value, kind, path);
  if (!Array.isArray(value)) return expect(false, "a list");
  const [item] = kind;
  return value.flatMap((each, index) => checkShape(each, item, `${path}[${index}]`));
}

function isListOf(kind: Shape | readonly [Shape]): kind is readonly [Shape] {
  return Array.isArray(kind);
}

function fault(code: string, message: string, refersTo: string): RequestFault {
  return { code, message, refersTo };
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
