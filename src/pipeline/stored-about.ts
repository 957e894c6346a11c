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

/** What a checkpoint says about itself, as far as it is not stored. */
export class AboutRows {
  readonly #hashKey: string;
  #catalogVersion: string | undefined;

  constructor(hashKey: string) {
    this.#hashKey = hashKey;
  }

  restore({ catalogVersion }: StoredAbout): void {
    this.#catalogVersion = catalogVersion;
  }

  /** @param gaps undefined where they have not changed */
  *changed(
    catalogVersion: string | undefined,
    gaps: readonly AcceptedGap[] | undefined,
  ): Generator<StateRow> {
    if (catalogVersion !== undefined && catalogVersion !== this.#catalogVersion) {
      if (this.#catalogVersion === undefined) yield aboutRow(HASH_KEY_KEY, this.#hashKey);
      yield aboutRow(CATALOG_VERSION_KEY, catalogVersion);
      this.#catalogVersion = catalogVersion;
    }
    if (gaps !== undefined) yield gapsRow(gaps);
  }
}

/** The row of a state's gaps. */
export function gapsRow(gaps: readonly AcceptedGap[]): StateRow {
  return aboutRow(GAPS_KEY, writeGaps(gaps));
}

function aboutRow(key: number, text: string): StateRow {
  return { space: ABOUT_SPACE, key, value: new TextEncoder().encode(text) };
}
