/**
 * Limits on what a message may hold. A message beyond a limit of its own is undecodable, an event beyond one is
 * rejected; each limit is decided by one message alone, so that a replay in other runs decides the same.
 */

/** Events in one message: with 64 bytes an event a full message is 4 MB, the most that a pull takes by default. */
export const MAX_EVENTS_PER_MESSAGE = 65_536;
/** UTF-8 bytes of `id` and `source` together. */
export const MAX_IDENTITY_BYTES = 1_024;
/** UTF-16 units of `subject`: its token, three characters a byte at worst, has to fit a NATS subject. */
export const MAX_ACCOUNT_LENGTH = 256;
/** Properties of one event after flattening. */
export const MAX_PROPERTIES = 64;
/** UTF-16 units of a property's flattened name. */
export const MAX_PROPERTY_NAME_LENGTH = 256;
/** Objects and arrays inside each other, `data` itself being the first. */
export const MAX_DATA_DEPTH = 8;
/** Different property names in one message: each is a column over all of the message's rows. */
export const MAX_PROPERTY_NAMES_PER_MESSAGE = 1_024;
/** Sources and hours that one manifest counts: with the longest sources, 72 MB; with usual ones, 5 MB. */
export const MAX_MANIFEST_COUNTS = 65_536;
/** Different sources or types in one columnar batch: they are indexed by 16 bits. */
export const MAX_SHORT_DICTIONARY = 65_536;
/** Decimal places of a columnar number property. */
export const MAX_COLUMN_SCALE = 18;
/** Characters of a timestamp; RFC 3339 sets no limit to the digits of a second. */
export const MAX_TIMESTAMP_LENGTH = 64;
/** 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what RFC 3339 can write. */
export const MIN_TIME_MS = -62_167_219_200_000;
export const MAX_TIME_MS = 253_402_300_799_999;
