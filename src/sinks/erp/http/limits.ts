/** Limits of the signed HTTP sink, each with its reason. */

/** A receiver answers when it has stored the document; a slow one within this. */
export const DEFAULT_DEADLINE_MS = 30_000;
/** What went unanswered is sent again behind this: the receiver may still work on it, and knows it by its id. */
export const SETTLE_DELAY_MS = 10_000;
/** Two while secrets are changed, one more for a change that overlaps it. */
export const MAX_SECRETS = 3;
/** 192 bits, the least that Standard Webhooks recommends. */
export const MIN_SECRET_BYTES = 24;
/** The most that it allows. */
export const MAX_SECRET_BYTES = 64;
