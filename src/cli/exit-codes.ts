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
  switch (code) {
    case "config-invalid":
    case "catalog-invalid":
    case "usage-invalid":
      return ExitCode.usage;
    case "shutdown-deadline":
      return ExitCode.deadline;
    case "books-unbalanced":
      return ExitCode.unbalanced;
    default:
      return ExitCode.fault;
  }
}
