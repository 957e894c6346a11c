import { z, ZodError } from "zod";
import { isSameSecret } from "./credentials.ts";
import type { CommonFaultRule } from "./fault-plan.ts";

/** What a test or the demo tells any ERP's simulator, in its own process or over loopback. */

/** The commands that all simulators have, around a simulator's own rule of faults. */
export function commonCommands<Rule extends z.ZodType<CommonFaultRule>>(faultRule: Rule) {
  return [
    z.strictObject({ do: z.literal("add-fault"), rule: faultRule }),
    /** A storm of 429 ends too. */
    z.strictObject({ do: z.literal("clear-faults") }),
    z.strictObject({ do: z.literal("expire-tokens") }),
    z.strictObject({ do: z.literal("set-latency"), ms: z.number().nonnegative() }),
    z.strictObject({ do: z.literal("ledger") }),
  ] as const;
}

type CommonCommand<Rule extends CommonFaultRule> =
  | { readonly do: "add-fault"; readonly rule: Rule }
  | { readonly do: "clear-faults" | "expire-tokens" | "ledger" }
  | { readonly do: "set-latency"; readonly ms: number };

const COMMON: ReadonlySet<string> = new Set<CommonCommand<CommonFaultRule>["do"]>([
  "add-fault",
  "clear-faults",
  "expire-tokens",
  "set-latency",
  "ledger",
]);

export function isCommonCommand<Command extends { readonly do: string }>(
  command: Command,
): command is Extract<Command, { readonly do: CommonCommand<CommonFaultRule>["do"] }> {
  return COMMON.has(command.do);
}

/** What the common commands act on. */
export interface CommonControls<Rule extends CommonFaultRule> {
  readonly faults: { add(rule: Rule): void; clear(): void };
  readonly switches: { latencyMs: number };
  endStorm(): void;
  expireTokens(): void;
  ledger(): object;
}

export function performCommonCommand<Rule extends CommonFaultRule>(
  command: CommonCommand<Rule>,
  controls: CommonControls<Rule>,
): object {
  switch (command.do) {
    case "ledger":
      return controls.ledger();
    case "add-fault":
      controls.faults.add(command.rule);
      break;
    case "clear-faults":
      controls.faults.clear();
      controls.endStorm();
      break;
    case "expire-tokens":
      controls.expireTokens();
      break;
    case "set-latency":
      controls.switches.latencyMs = command.ms;
      break;
  }
  return {};
}

/** Sends a command to a simulator in another process. Throws Error with what it answers. */
export type ControlSender<Command> = (url: string, token: string, command: Command) => Promise<unknown>;

export const sendCommand: ControlSender<object> = async (url, token, command) => {
  const response = await fetch(`${url}/control`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(command),
  });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`the simulator answers ${response.status}: ${JSON.stringify(body)}`);
  return body;
};

/** A command as it came over loopback. */
export interface ControlRequest {
  readonly authorization: string | undefined;
  readonly body: string;
}

/**
 * What a simulator answers to a command. Throws what `perform` throws, but for commands that can't be read, RangeError (they name what does not exist),
 * and refusals by the ERP's own rules.
 * @param perform takes the command as it was read, unchecked
 */
export function answerControl(
  { authorization, body }: ControlRequest,
  token: string,
  perform: (command: unknown) => object,
  isRefusal: (error: unknown) => boolean = () => false,
): { readonly status: number; readonly body: object } {
  if (!isSameSecret(authorization ?? "", `Bearer ${token}`))
    return { status: 401, body: { error: "the control token is missing or wrong" } };
  try {
    return { status: 200, body: perform(JSON.parse(body)) };
  } catch (error) {
    const isKnown =
      error instanceof RangeError ||
      error instanceof ZodError ||
      error instanceof SyntaxError ||
      isRefusal(error);
    if (!isKnown || !(error instanceof Error)) throw error;
    return { status: 400, body: { error: error.message } };
  }
}
