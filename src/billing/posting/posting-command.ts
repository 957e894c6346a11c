import { createHash } from "node:crypto";
import { canonicalJson } from "../../model/canonical-json.ts";
import {
  POSTING_SCHEMA_VERSION,
  type MappedReferences,
  type PostedDocument,
  type PostingCommand,
} from "../../model/posting.ts";

/** SHA-256, hexadecimal, of the canonical JSON of a value: of documents the content hash, of references what was sent. */
export function canonicalHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value), "utf8").digest("hex");
}

/** A document for a connection, with all that its command follows from but the mapping. Never changed once it is made. */
export interface DocumentToPost {
  readonly connection: string;
  readonly key: string;
  readonly orderKey: string;
  readonly after: readonly string[];
  /** Day whose mapping applies, YYYY-MM-DD. */
  readonly day: string;
  /** Terms; undefined for a journal. */
  readonly paymentDays: number | undefined;
  readonly document: PostedDocument;
}

export function postingCommand(
  toPost: DocumentToPost,
  head: Pick<PostingCommand, "partition" | "revision" | "catalogVersion">,
  references: MappedReferences,
): PostingCommand {
  const { connection, key, orderKey, after, document } = toPost;
  return {
    schemaVersion: POSTING_SCHEMA_VERSION,
    connection,
    kind: document.kind,
    key,
    revision: head.revision,
    partition: head.partition,
    orderKey,
    after,
    contentHash: canonicalHash(document),
    document,
    references,
    catalogVersion: head.catalogVersion,
  };
}
