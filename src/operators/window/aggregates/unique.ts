/**
 * Members are saved in blocks of this many, in the order in which they were first seen, so that a checkpoint writes the
 * blocks that grew and not the whole set.
 */
export const MEMBERS_PER_BLOCK = 256;

/** State of a `unique` cell: the set of its members. Exact, up to the engine's limit of 2^24 members in a set. */
export class MemberSet {
  readonly #members = new Set<string>();
  readonly #order: string[] = [];

  /** Adds a member; false where it was in the set. */
  add(member: string): boolean {
    if (this.#members.has(member)) return false;
    this.#members.add(member);
    this.#order.push(member);
    return true;
  }

  get size(): number {
    return this.#order.length;
  }

  get members(): ReadonlySet<string> {
    return this.#members;
  }

  get blockCount(): number {
    return Math.ceil(this.#order.length / MEMBERS_PER_BLOCK);
  }

  /** Bytes of a block. JSON, because it keeps every JavaScript string, unpaired surrogates included. */
  block(number: number): Uint8Array {
    const first = number * MEMBERS_PER_BLOCK;
    return new TextEncoder().encode(JSON.stringify(this.#order.slice(first, first + MEMBERS_PER_BLOCK)));
  }

  /** Adds the members of a saved block; blocks come in order. False where the bytes are no such block. */
  loadBlock(bytes: Uint8Array): boolean {
    const members: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (!Array.isArray(members)) return false;
    return members.every((member: unknown) => typeof member === "string" && this.add(member));
  }
}
