import type { PricingCase } from "../adapter.ts";

type Answer = Readonly<Record<string, unknown>>;

/** The members of an answer that a case asks for, also within lists: sources assert some figures of some of theirs. */
export function namedMembers({ expected }: Pick<PricingCase, "expected">, answer: Answer): Answer {
  return membersOf(answer, expected);
}

function membersOf(answer: Answer, expected: object): Answer {
  const named = Object.entries(expected).flatMap(([member, pattern]) =>
    member in answer ? [[member, namedPart(answer[member], pattern)]] : [],
  );
  return Object.fromEntries(named);
}

function namedPart(answer: unknown, expected: unknown): unknown {
  if (Array.isArray(answer) && Array.isArray(expected))
    return answer.map((part, index) => namedPart(part, expected[index]));
  return isObject(answer) && isObject(expected) ? membersOf(answer, expected) : answer;
}

function isObject(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
