/**
 * Members are saved in blocks of this many, in the order in which they were first seen, so that a checkpoint writes the
 * blocks that grew or changed and not the whole set.
 */
export const MEMBERS_PER_BLOCK = 256;

/** How often a member was counted, and its place in the order. */
interface MemberCount {
  readonly place: number;
  events: number;
}

/**
 * State of a `unique` cell: the set of its members. Exact, up to the engine's limit of 2^24 members in a set. Of a
 * retractable meter it also counts the events of each member: one that none is left of keeps its place in the order.
 */
export class MemberSet {
  readonly #members = new Set<string>();
  readonly #order: string[] = [];
  /** Of members whose events were counted. */
  readonly #counts = new Map<string, MemberCount>();
  #countedEvents = 0;
  readonly #changedBlocks = new Set<number>();

  /** Adds a member; false where it was in the set. */
  add(member: string): boolean {
    if (this.#members.has(member)) return false;
    this.#members.add(member);
    if (!this.#counts.has(member)) this.#order.push(member);
    return true;
  }

  /** Counts an event of a member that has been added with it. */
  countEvent(member: string): void {
    const known = this.#counts.get(member);
    this.#countedEvents += 1;
    if (known === undefined) {
      // Mostly it was added just now; else it came in before events were counted.
      const last = this.#order.length - 1;
      const place = this.#order[last] === member ? last : this.#order.indexOf(member);
      this.#setCount(member, { place, events: 1 });
    } else this.#setCount(member, { place: known.place, events: known.events + 1 });
  }

  /** Events that were counted. */
  get countedEvents(): number {
    return this.#countedEvents;
  }

  /** Counted events of a member. */
  eventsOf(member: string): number {
    return this.#counts.get(member)?.events ?? 0;
  }

  /** Takes a counted event of a member back. */
  removeEvent(member: string): void {
    const known = this.#counts.get(member);
    if (known === undefined || known.events === 0) throw new RangeError("no event of that member");
    this.#countedEvents -= 1;
    this.#setCount(member, { place: known.place, events: known.events - 1 });
    if (known.events === 1) this.#members.delete(member);
  }

  get size(): number {
    return this.#members.size;
  }

  get members(): ReadonlySet<string> {
    return this.#members;
  }

  /** Members that ever were in the set. */
  get seen(): number {
    return this.#order.length;
  }

  get blockCount(): number {
    return Math.ceil(this.#order.length / MEMBERS_PER_BLOCK);
  }

  /** Blocks whose counts have changed since the last call, ascending. */
  takeChangedBlocks(): number[] {
    const blocks = [...this.#changedBlocks].sort((a, b) => a - b);
    this.#changedBlocks.clear();
    return blocks;
  }

  /**
   * Bytes of a block: members, or pairs of member and number of events. JSON, because it keeps every JavaScript string,
   * unpaired surrogates included.
   */
  block(number: number): Uint8Array {
    const first = number * MEMBERS_PER_BLOCK;
    const members = this.#order.slice(first, first + MEMBERS_PER_BLOCK).map((member) => {
      const counted = this.#counts.get(member);
      return counted === undefined ? member : [member, counted.events];
    });
    return new TextEncoder().encode(JSON.stringify(members));
  }

  /** Adds the members of a saved block; blocks come in order. False where the bytes are no such block. */
  loadBlock(bytes: Uint8Array): boolean {
    const members: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(members) && members.every((entry: unknown) => this.#loadMember(entry));
  }

  #loadMember(entry: unknown): boolean {
    if (typeof entry === "string") return this.add(entry);
    if (!Array.isArray(entry)) return false;
    const [member, events]: unknown[] = entry;
    if (typeof member !== "string" || typeof events !== "number" || !this.add(member)) return false;
    this.#counts.set(member, { place: this.#order.length - 1, events });
    this.#countedEvents += events;
    if (events === 0) this.#members.delete(member);
    return true;
  }

  #setCount(member: string, count: MemberCount): void {
    this.#counts.set(member, count);
    this.#changedBlocks.add(Math.floor(count.place / MEMBERS_PER_BLOCK));
  }
}
