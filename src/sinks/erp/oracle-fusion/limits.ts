/**
 * Limits of Oracle Fusion Cloud ERP, each with where it is from: [O] Oracle's documentation (docs.oracle.com/en/cloud/saas/financials), [C] met by
 * other integrations, [A] taken from Oracle's tables and not found in the documentation of the REST services.
 */

/** Oracle publishes no number of requests at once: as many connections as a runner may ever use. */
export const MAX_CONCURRENCY = 32;
/** [C] Files of an import may have some 250 MB; a journal has a few hundred lines, so that far less is a mistake already. */
export const MAX_REQUEST_BYTES = 50 * 1000 * 1000;
/** A request that takes longer has most likely lost its answer. */
export const DEFAULT_REQUEST_DEADLINE_MS = 2 * 60_000;
export const LONGEST_REQUEST_MS = 15 * 60_000;
/** [C] What was just created may be missing in answers for about a minute. */
export const DEFAULT_SETTLE_DELAY_MS = 60_000;

/** [O] Items of one page. */
export const PAGE_ITEMS = 500;
/** Pages of one question. A loop that a wrong answer keeps going ends here. */
export const MAX_PAGES = 1_000;
/** Documents of one question: their conditions must fit into an address of some 8,000 characters. */
export const MAX_READ_BACK = 20;

/** [A] RA_CUSTOMER_TRX_ALL.TRX_NUMBER. */
export const MAX_TRANSACTION_NUMBER_CHARACTERS = 20;
/** [A] The first 50 characters of REFERENCE1 become the beginning of a batch's name. Other references take more. */
export const MAX_EXTERNAL_ID_CHARACTERS = 50;
/** [A] RA_CUSTOMER_TRX_LINES_ALL.DESCRIPTION. */
export const MAX_DESCRIPTION_CHARACTERS = 240;
/** [A] RA_CUSTOMER_TRX_ALL.COMMENTS has 1,760. */
export const MAX_COMMENTS_CHARACTERS = 1_700;
/** [C] REFERENCE2, 5 and 10 of a journal's line. */
export const MAX_REFERENCE_CHARACTERS = 240;
/** [O] Name of an organization. */
export const MAX_ORGANIZATION_NAME_CHARACTERS = 360;
/** [A] HZ_CUST_ACCOUNTS.ACCOUNT_NAME. */
export const MAX_ACCOUNT_NAME_CHARACTERS = 240;
/** [O] A line of an address has 240, its city, region and postal code 60. */
export const MAX_STREET_CHARACTERS = 240;
export const MAX_ADDRESS_PART_CHARACTERS = 60;
/** [O] Segments of an account. */
export const MAX_SEGMENTS = 30;
/** [C] GL_INTERFACE of release 25C. */
export const GL_INTERFACE_COLUMNS = 149;
/** [C] Columns of the AutoInvoice template of release 26C, with the mark of the end: of RaInterfaceLinesAll.csv and RaInterfaceDistributionsAll.csv. */
export const RA_LINES_COLUMNS = 372;
export const RA_DISTRIBUTIONS_COLUMNS = 140;
/** [O] RA_INTERFACE_LINES_ALL: a segment of the line transactions flexfield. */
export const MAX_INTERFACE_SEGMENT_CHARACTERS = 30;
/** [A] RA_INTERFACE_LINES_ALL.COMMENTS. */
export const MAX_INTERFACE_COMMENTS_CHARACTERS = 240;
/** Documents of one batch: intents and outcomes of a batch are one message of the log each. */
export const MAX_IMPORT_DOCUMENTS = 100;
/** Rows of one import, unless a single document has more: some 30 MB of text before it is packed. */
export const MAX_IMPORT_ROWS = 20_000;
/** Memos that one poll applies to their invoices, which are some requests each; the others wait for the next. */
export const MAX_APPLICATIONS_A_POLL = 20;
/** Documents of one question about the interface table, whose conditions are short. */
export const MAX_INTERFACE_DOCUMENTS = 50;
/** Imports and removals that are remembered. Only a memory: without it more is asked, or waited for. */
export const MAX_REMEMBERED_IMPORTS = 1_000;
/** A removal of rejected lines is a job of a minute: before that it isn't asked for again. */
export const REMOVAL_MS = 60_000;
/** Hexadecimal digits of a hash that make a group's number: 48 bits are 15 decimal digits at most. */
export const GROUP_ID_HASH_DIGITS = 12;

/** An import that was sent may still wait or run: those of this time back are looked at. */
export const IMPORT_LOOK_BACK_MS = 24 * 60 * 60_000;
/** Business units whose ids are remembered, which never change. */
export const MAX_REMEMBERED_UNITS = 1_000;
/** Customers whose account numbers are remembered, which never change. */
export const MAX_REMEMBERED_CUSTOMERS = 10_000;
/** Of an import's log this much is read and told. */
export const MAX_LOG_CHARACTERS = 200_000;
/** The report of an import names each line that was rejected: a few hundred characters for each of thousands. */
export const MAX_REPORT_CHARACTERS = 8_000_000;
