/** Limits of the signed HTTP sink, each with its reason. */

/** What went unanswered is sent again behind this: the receiver may still work on it, and knows it by its id. */
export const SETTLE_DELAY_MS = 10_000;
/** 192 bits, the least that Standard Webhooks recommends. */
export const MIN_SECRET_BYTES = 24;
/** The most that it allows. */
export const MAX_SECRET_BYTES = 64;
