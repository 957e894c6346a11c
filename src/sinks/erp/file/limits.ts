/** Limits of the file drop, each with its reason. */

/** An acknowledgement of one document; far above any that is meant. */
export const MAX_ACKNOWLEDGEMENT_BYTES = 1024 * 1024;
/** Messages of an acknowledgement that are shown to people. */
export const MAX_SHOWN_MESSAGES = 3;
/** A file that may have been half written is looked for behind the request's deadline: nothing else settles. */
export const SETTLE_DELAY_MS = 1_000;
/** Longest name of a file on file systems and servers in use, the manifest's ending included. */
export const MAX_FILE_NAME_LENGTH = 200;
/** A field of a fixed-width line. */
export const MAX_FIELD_WIDTH = 500;
