/** Limits of the signed HTTP sink, each with its reason. */

/** 192 bits, the least that Standard Webhooks recommends. */
export const MIN_SECRET_BYTES = 24;
/** The most that it allows. */
export const MAX_SECRET_BYTES = 64;
