/** Cases about commitments and credits that Tributary answers otherwise by choice: none so far. */
export const COMMITMENT_BY_CHOICE: readonly {
  readonly id: string;
  readonly reason: string;
  readonly ourAnswer: Readonly<Record<string, unknown>>;
}[] = [];
