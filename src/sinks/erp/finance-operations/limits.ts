/**
 * Limits of Finance & Operations, each with where it is from: [O] Microsoft's documentation (learn.microsoft.com, "Open Data Protocol", "Service
 * protection API limits", "Data entities"), [M] published metadata of the service, [A] taken from the lengths of its tables and not found in the documentation.
 */

/** Requests at once that the gate may be set to: the limit of 52 a user was announced and withdrawn, and is still a bound of good manners. [O] */
export const MAX_CONCURRENCY = 52;
/** A request that takes longer has most likely lost its answer. [A] The front end gives up after four minutes or so. */
export const DEFAULT_REQUEST_DEADLINE_MS = 2 * 60_000;
export const LONGEST_REQUEST_MS = 10 * 60_000;
/** A changeset is one transaction that ends with its request: what was committed shows at once, and a minute covers the slowest. */
export const DEFAULT_SETTLE_DELAY_MS = 60_000;
/** Posting is a recurring batch job of the ERP's own: one that has not taken a document in a day most likely never will. */
export const DEFAULT_POSTING_DEADLINE_MS = 24 * 60 * 60_000;
export const LONGEST_POSTING_DEADLINE_MS = 30 * 24 * 60 * 60_000;

/** [O] A page of rows that the service gives at once is at most 10,000; pages of one question. A loop that a wrong answer keeps going ends here. */
export const MAX_PAGES = 1_000;
/** Documents of one question: each is a clause of some 60 characters in an address, and front ends refuse addresses above 2,000 or so. [A] */
export const MAX_READ_BACK = 20;
/** [A] Operations of one changeset: all lines of a document and its header. Documents with more lines are refused, since only one changeset is atomic. */
export const MAX_CHANGESET_OPERATIONS = 5_000;
/** A document may be dated long before it is posted, and no entity tells when it was changed: a scan looks this far back by documents' dates. */
export const SCAN_DAYS_BEFORE = 400;

/** [A] Account number of a customer, external id of an invoice: both are found by it. */
export const MAX_EXTERNAL_ID_CHARACTERS = 20;
/** [A] Customer requisition of an invoice, which gets the document's number. */
export const MAX_REQUISITION_CHARACTERS = 20;
/** [A] Description of an invoice's line, and text of a journal's. */
export const MAX_DESCRIPTION_CHARACTERS = 60;
/** [A] Text of an invoice's line. */
export const MAX_INVOICE_TEXT_CHARACTERS = 1_000;
/** [A] Document of a journal's line. */
export const MAX_JOURNAL_DOCUMENT_CHARACTERS = 20;
/** [A] Name of an organisation. */
export const MAX_NAME_CHARACTERS = 100;
/** [A] Address of a customer: street, city, state, postal code. */
export const MAX_STREET_CHARACTERS = 250;
export const MAX_CITY_CHARACTERS = 60;
export const MAX_STATE_CHARACTERS = 30;
export const MAX_POSTAL_CODE_CHARACTERS = 10;
/** [A] E-mail address. */
export const MAX_EMAIL_CHARACTERS = 255;
/** [A] Tax number in any of the fields that may hold it. */
export const MAX_TAX_ID_CHARACTERS = 20;
/** [A] Digits of a real number, as the tables keep it. */
export const MAX_AMOUNT_DIGITS = 16;
/** [O] Decimals of an amount: currencies of the world have three at most. */
export const MAX_AMOUNT_DECIMALS = 3;
