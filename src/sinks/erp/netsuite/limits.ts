/**
 * Limits of NetSuite, each with where it is from: [O] Oracle's documentation of NetSuite (docs.oracle.com/en/cloud/saas/netsuite),
 * [C] met
 * by other integrations, [A] taken from NetSuite's records and not found in the documentation.
 */

/** [O] Requests at once of a whole account, all its integrations together: 5 on the smallest tier, 20 on the largest and 10 more for each SuiteCloud Plus licence. */
export const MAX_CONCURRENCY = 70;
/** [O] A request is at most 104 MB; kept below it, since it isn't said which megabyte. */
export const MAX_REQUEST_BYTES = 100 * 1000 * 1000;
/** [O] A synchronous request is cut off after 15 minutes. */
export const LONGEST_REQUEST_MS = 15 * 60_000;
/** A request that takes longer has most likely lost its answer. */
export const DEFAULT_REQUEST_DEADLINE_MS = 2 * 60_000;
/** [C] An invoice whose answer was lost was seen to appear minutes later: Lago waits 6 minutes before it looks. */
export const DEFAULT_SETTLE_DELAY_MS = 6 * 60_000;
/** [C] A record that another request still works on is looked at again after 5 minutes. */
export const RECORD_CHANGED_WAIT_MS = 5 * 60_000;
/** [C] INVALID_LOGIN was seen while an account was overloaded: this many in a row mean that the credentials are refused. */
export const LOGIN_REFUSALS_UNTIL_FAULT = 3;

/** [O] Rows of one page of SuiteQL. */
export const SUITEQL_PAGE_ROWS = 1_000;
/** Pages of one question: 100 documents have far fewer lines. A loop that a wrong answer keeps going ends here. */
export const MAX_SUITEQL_PAGES = 1_000;
/** [O] A list of IN may hold 1,000 values. 50 documents keep a question's lines to a few pages, and journals, each read by itself, within a deadline. */
export const MAX_READ_BACK = 50;
/** [O] Records of one batch. */
export const MAX_BATCH_RECORDS = 100;
/** Jobs whose results are remembered, so that the documents of a batch don't ask for them one after the other. */
export const MAX_REMEMBERED_JOBS = 64;

/** [A] Longest external id that is made; NetSuite's field takes more. */
export const MAX_EXTERNAL_ID_CHARACTERS = 100;
/** [A] Document number (tranId). */
export const MAX_DOCUMENT_NUMBER_CHARACTERS = 45;
/** [A] Company name. */
export const MAX_COMPANY_NAME_CHARACTERS = 83;
/** [A] E-mail address. */
export const MAX_EMAIL_CHARACTERS = 254;
/** [C] Parts of an address: Lago cuts to these after refusals. */
export const MAX_STREET_CHARACTERS = 150;
export const MAX_CITY_CHARACTERS = 50;
export const MAX_REGION_CHARACTERS = 30;
/** [A] Postal code. */
export const MAX_POSTAL_CODE_CHARACTERS = 36;
/** [A] Memo of a transaction and of a journal's line. */
export const MAX_MEMO_CHARACTERS = 999;
/** [A] Description of an item's line. */
export const MAX_DESCRIPTION_CHARACTERS = 4_000;
/** [O] A rate is kept to 8 decimals: an amount is sent as the rate of one piece, so it may not have more. */
export const MAX_RATE_DECIMALS = 8;
