import type { ErrorCode } from "../model/errors.ts";

/** Exit codes of every command; public, listed in docs/cli.md. */
export const ExitCode = {
  done: 0,
  fault: 1,
  usage: 2,
  deadline: 3,
  unbalanced: 4,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit code that a fault ends a command with. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return OTHER_CODES[code] ?? ExitCode.fault;
}

/** Faults that end with another code than `fault`. */
const OTHER_CODES: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  "config-invalid": ExitCode.usage,
  "catalog-invalid": ExitCode.usage,
  "usage-invalid": ExitCode.usage,
  "shutdown-deadline": ExitCode.deadline,
  "books-unbalanced": ExitCode.unbalanced,
};
