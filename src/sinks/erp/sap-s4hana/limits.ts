/**
 * Limits of SAP S/4HANA Cloud, each with where it is from: [M] the metadata of its services, [O] SAP's documentation, [A] general knowledge of FI that
 * was not found in either.
 */

/** Connections at once: SAP publishes no limit. What of them is used is the runner's decision. */
export const MAX_CONNECTIONS = 32;
/** A request that takes longer has most likely lost its answer. */
export const DEFAULT_REQUEST_DEADLINE_MS = 2 * 60_000;
/** [A] A dialog work process of ABAP is ended after ten minutes. */
export const LONGEST_REQUEST_MS = 10 * 60_000;
/** By then SAP has ended what was under way: a document that isn't there will not appear any more. */
export const DEFAULT_SETTLE_DELAY_MS = LONGEST_REQUEST_MS;
/** Getting an anti-forgery token is quick or is tried again. */
export const SESSION_DEADLINE_MS = 30_000;
/** Far above a bulk of documents; SAP's gateways take more. */
export const MAX_REQUEST_BYTES = 20 * 1024 * 1024;

/** Entries of one bulk: SAP publishes no limit. One answer is lost for all of them together, so they are not many. */
export const DEFAULT_BATCH_ENTRIES = 10;
export const MAX_BATCH_ENTRIES = 50;
/** Documents of one question: an address of some 4,000 characters, half of what gateways take. */
export const MAX_READ_BACK = 25;
/** Rows of one page of an OData answer. */
export const PAGE_ROWS = 1_000;
/** Pages of one question: a loop that a wrong answer keeps going ends here. */
export const MAX_PAGES = 1_000;

/** [M] DocumentReferenceID (XBLNR), by which documents are found. */
export const REFERENCE_CHARACTERS = 16;
/** [M] AccountingDocumentItem has three digits. */
export const MAX_DOCUMENT_ITEMS = 999;
/** [O] MessageHeader.ID. */
export const MAX_MESSAGE_ID_CHARACTERS = 35;
/** [M] AccountingDocumentHeaderText. */
export const MAX_HEADER_TEXT_CHARACTERS = 25;
/** [M] DocumentItemText. */
export const MAX_ITEM_TEXT_CHARACTERS = 50;
/** [M] AccountingDocCreatedByUser. */
export const MAX_CREATOR_CHARACTERS = 12;
/** [M] NetPaymentDays has three digits. */
export const MAX_NET_PAYMENT_DAYS = 999;
/** [M] AmountInTransactionCurrency has 24 digits, three of them behind the point; documents of FI hold 13 and two [A], or as the currency says. */
export const MAX_AMOUNT_DIGITS = 13;
export const MAX_AMOUNT_DECIMALS = 3;

/** [M] OrganizationBPName1 and OrganizationBPName2. */
export const MAX_NAME_CHARACTERS = 40;
/** [M] SearchTerm1. */
export const MAX_SEARCH_TERM_CHARACTERS = 20;
/** [M] Parts of an address. */
export const MAX_STREET_CHARACTERS = 60;
export const MAX_CITY_CHARACTERS = 40;
export const MAX_POSTAL_CODE_CHARACTERS = 10;
/** [M] E-mail address. */
export const MAX_EMAIL_CHARACTERS = 241;
/** [M] BPTaxNumber. */
export const MAX_TAX_NUMBER_CHARACTERS = 20;

/** [M] ReferenceDocument of a billing document request. */
export const REQUEST_REFERENCE_CHARACTERS = 10;
/** [M] PurchaseOrderByCustomer, of requests and of billing documents. */
export const MAX_CUSTOMER_REFERENCE_CHARACTERS = 35;
/** [M] BillingDocumentRequestItemText and BillingDocumentItemText. */
export const MAX_BILLING_ITEM_TEXT_CHARACTERS = 40;
/** SAP works on a message within seconds; one that it has refused never becomes a request. */
export const DEFAULT_REQUEST_CREATION_DEADLINE_MS = 30 * 60_000;
/** The job that makes billing documents runs daily in most systems, and not at weekends in some. */
export const DEFAULT_BILLING_DEADLINE_MS = 3 * 24 * 60 * 60_000;
/** A month's documents are billed in the next one. */
export const LONGEST_BILLING_DEADLINE_MS = 31 * 24 * 60 * 60_000;
