/**
 * Limits of Business Central, each with where it is from: [O] Microsoft's documentation (learn.microsoft.com/dynamics365/business-central),
 * [C] the published source of the API's pages and of the base application (field lengths), [A] assumed.
 */

/** [O] Requests at once of a user: 5 run, 95 wait. What waits longer than 8 minutes is refused with 503. */
export const MAX_CONCURRENCY = 5;
/** [O] An operation is cut off after 8 minutes (408), at the latest after 10 (504). */
export const LONGEST_REQUEST_MS = 10 * 60_000;
/** A request that takes longer has most likely lost its answer. */
export const DEFAULT_REQUEST_DEADLINE_MS = 2 * 60_000;
/** [A] What was taken shows at once; a posting that still ran when its answer was lost ends within this. */
export const DEFAULT_SETTLE_DELAY_MS = 30_000;
/** [O] A request's body has 350 MB at most. A document of 10,000 lines has some MiB. */
export const MAX_REQUEST_BYTES = 32 * 1024 * 1024;

/** [A] Documents of one question: their ids fit into an address that every proxy lets through. */
export const MAX_READ_BACK = 20;
/** Rows of a page. [O] A page has 20,000 at most; smaller ones keep an answer below the client's bound. */
export const PAGE_ROWS = 1_000;
/** Pages of one question: a loop that a wrong answer keeps going ends here. */
export const MAX_PAGES = 1_000;

/** [C] External document number: Code[35], in upper case. */
export const MAX_EXTERNAL_ID_CHARACTERS = 35;
/** [C] Number of a customer, document number of a journal's line: Code[20], in upper case. */
export const MAX_NUMBER_CHARACTERS = 20;
/** [C] Name of a journal's batch: Code[10]. */
export const MAX_JOURNAL_CODE_CHARACTERS = 10;
/** [C] Your Reference: Text[35]. */
export const MAX_REFERENCE_CHARACTERS = 35;
/** [C] Name and address of a customer: Text[100]. */
export const MAX_NAME_CHARACTERS = 100;
export const MAX_STREET_CHARACTERS = 100;
/** [C] City and county: Text[30]. */
export const MAX_CITY_CHARACTERS = 30;
export const MAX_STATE_CHARACTERS = 30;
/** [C] Post code: Code[20]. */
export const MAX_POSTAL_CODE_CHARACTERS = 20;
/** [C] E-mail: Text[80]. */
export const MAX_EMAIL_CHARACTERS = 80;
/** [C] VAT registration number: Text[20]. */
export const MAX_TAX_ID_CHARACTERS = 20;
/** [C] Description of a line, of a document and of a journal: Text[100]. */
export const MAX_DESCRIPTION_CHARACTERS = 100;
/** [C] Comment of a journal's line: Text[250]. */
export const MAX_COMMENT_CHARACTERS = 250;

/** [C] Unit prices are kept to 5 decimals: an amount is sent as the price of one piece. */
export const MAX_AMOUNT_DECIMALS = 5;
/** [O] A decimal has 15 digits before its point at most. */
export const MAX_AMOUNT_DIGITS = 15;
/** [C] Lines are numbered in steps, so that people can put others between them. */
export const LINE_NUMBER_STEP = 10_000;

/**
 * Webhooks. [O] "Working with webhooks", dev-itpro/api-reference/v2.0/dynamics-subscriptions; [N] its forerunner for Dynamics NAV 2018, "Managing subscriptions", which gives
 * numbers that the other has no more; [C] table 2000000095 "API Webhook Subscription", codeunits 6154 "API Webhook Notification Send" and 5477 "Sales Invoice Aggregator".
 *
 * What bounds nothing here: a handshake waits 5 seconds for its answer and a notification 30 [N]; changes of 30 seconds are told together [O]; after 408, 429, 5xx or no answer it is told again over 36 hours [O],
 * five times [N], and then the subscription is removed, as it is at once after any other refusal [O]. A posted invoice is told of when its status changes, so not when a part of it is paid [C].
 */

/** [O] A subscription lasts three days; one is renewed when less than this is left, so that two days are left to try it. */
export const RENEW_BEFORE_MS = 2 * 24 * 60 * 60_000;
/** [N] Subscriptions of a tenant, by whomever. */
export const MAX_SUBSCRIPTIONS = 200;
/** [C] The address is a blob of any length and is looked for by its first 250 characters. */
export const MAX_NOTIFICATION_URL_CHARACTERS = 250;
/** [C] Client State: Text[2048]. It is repeated with each notification of a request, so ours is shorter. */
export const MAX_CLIENT_STATE_CHARACTERS = 256;
/** What is exposed to everybody who finds the address is not to be guessed. */
export const MIN_CLIENT_STATE_CHARACTERS = 32;
/** [A] A validation token is some hundred characters long; nobody is sent back more than this. */
export const MAX_VALIDATION_TOKEN_CHARACTERS = 2_048;
/** [O] A request has a thousand notifications at most: more are one of the kind "collection". What names more is taken for one of these. */
export const MAX_NOTIFICATIONS = 1_000;
