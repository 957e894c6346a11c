import type { PartitionStore, StateRow } from "../model/store.ts";
import { readGaps, writeGaps, type AcceptedGap } from "./accepted-gaps.ts";

/** Space that names what a reader of the state needs and would else find in the logs only. */
const ABOUT_SPACE = "about";
const CATALOG_VERSION_KEY = 0;
const HASH_KEY_KEY = 1;
const GAPS_KEY = 2;

/** What a stored checkpoint says about itself; undefined where nothing has taken effect. */
export interface StoredAbout {
  readonly catalogVersion: string | undefined;
  readonly hashKey: string | undefined;
  /** Gaps of the usage log that operators accepted, in order. */
  readonly gaps: readonly AcceptedGap[];
}

export function storedAbout(store: Pick<PartitionStore, "rows">): StoredAbout {
  const texts = new Map<number, string>();
  for (const { key, value } of store.rows(ABOUT_SPACE)) texts.set(key, new TextDecoder().decode(value));
  return {
    catalogVersion: texts.get(CATALOG_VERSION_KEY),
    hashKey: texts.get(HASH_KEY_KEY),
    gaps: readGaps(texts.get(GAPS_KEY)),
  };
}

export function hashKeyRow(hashKey: string): StateRow {
  return aboutRow(HASH_KEY_KEY, hashKey);
}

export function catalogVersionRow(version: string): StateRow {
  return aboutRow(CATALOG_VERSION_KEY, version);
}

export function gapsRow(gaps: readonly AcceptedGap[]): StateRow {
  return aboutRow(GAPS_KEY, writeGaps(gaps));
}

function aboutRow(key: number, text: string): StateRow {
  return { space: ABOUT_SPACE, key, value: new TextEncoder().encode(text) };
}
