/** Whether this runs from its sources, as in tests, and not from a build. */
export const IS_SOURCE = import.meta.url.endsWith(".ts");

/**
 * The folder of the sources, or of the build, whose files have the same places in it. A build puts what several entry points share into `chunks/`, which is
 * as deep as this file's folder (`scripts/bundle.mjs`).
 */
export const SOURCE_ROOT = new URL("../", import.meta.url);
