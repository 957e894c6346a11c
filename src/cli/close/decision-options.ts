import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { parseDuration } from "../option-values.ts";
import { addConfiguredOptions, type ConfiguredOptions } from "../configured.ts";

/** Longer than an owner tries to append a record: most answers that come late have come by then. */
const DEFAULT_TIMEOUT = "30s";

/** Options of every command that asks the owners of partitions for a decision. */
export interface DecisionOptions extends ConfiguredOptions {
  readonly actor: string;
  readonly reason?: string;
  readonly request?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Adds `--actor`, `--request`, `--timeout`, `--config`, `--json`. */
export function addDecisionOptions(command: Command): Command {
  return addConfiguredOptions(command)
    .requiredOption("--actor <name>", "who decides, for the record")
    .option(
      "--request <id>",
      "id of the request, to ask again after an unknown answer: it is decided once (default: a new one)",
    )
    .option(
      "--timeout <duration>",
      "how long each owner's answer is waited for",
      parseDuration,
      parseDuration(DEFAULT_TIMEOUT),
    );
}

/** Head of a request as the options say; with a fresh id where they name none. */
export function requestHeadOf<Kind extends string>(
  kind: Kind,
  { request, actor }: DecisionOptions,
  reason: string,
): { readonly kind: Kind; readonly request: string; readonly actor: string; readonly reason: string } {
  return { kind, request: request ?? randomUUID(), actor, reason };
}
