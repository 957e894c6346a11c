import { type ConnectionFinding, ErpFault } from "../erp-sink.ts";

/** What an ERP answers where it refuses; rejects where it is too busy to tell. */
export async function outcomeOf<Result>(act: () => Promise<Result>): Promise<Result | ErpFault> {
  try {
    return await act();
  } catch (fault) {
    if (fault instanceof ErpFault && fault.kind !== "throttle") return fault;
    throw fault;
  }
}

export interface CheckQuestions<Part> {
  /** What the connection's user must be able to ask about. */
  readonly parts: Iterable<Part>;
  readonly ask: (part: Part) => Promise<unknown>;
  /** What is asked when the user may ask: what the rows of a mapping name, most of all. */
  readonly further: readonly (() => Promise<readonly ConnectionFinding[]>)[];
  /** In plain words; the part is undefined where one of `further` was refused. */
  readonly findingOf: (fault: ErpFault, part: Part | undefined) => ConnectionFinding;
}

/**
 * What is wrong with a connection's set-up, by questions. Each permission that is missing is told; any other refusal of a part means all of them alike, and is
 * the only finding then. Rejects where the ERP is too busy to tell.
 */
export async function askAll<Part>({
  parts,
  ask,
  further,
  findingOf,
}: CheckQuestions<Part>): Promise<readonly ConnectionFinding[]> {
  const findings: ConnectionFinding[] = [];
  for (const part of parts) {
    const answer = await outcomeOf(() => ask(part));
    if (!(answer instanceof ErpFault)) continue;
    const finding = findingOf(answer, part);
    if (finding.problem !== "permission") return [finding];
    findings.push(finding);
  }
  for (const question of further) {
    const answer = await outcomeOf(question);
    findings.push(...(answer instanceof ErpFault ? [findingOf(answer, undefined)] : answer));
  }
  return findings;
}
