import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

/** What goes wrong on purpose with a request, of the kinds that any ERP's simulator knows. */

/** What becomes of a request and its answer on their way. */
export const DELIVERY_FAULTS = [
  /** Does what is asked and breaks the connection. */
  z.strictObject({ kind: z.literal("lost-after-commit") }),
  /** Breaks the connection and does nothing. */
  z.strictObject({ kind: z.literal("lost-before-commit") }),
  /** Does what is asked, and answers after `ms`. */
  z.strictObject({ kind: z.literal("slow"), ms: z.number().nonnegative() }),
  /** The request arrives twice; the first one's answer is given. */
  z.strictObject({ kind: z.literal("duplicate-delivery") }),
] as const;

/** @param statuses those that the server breaks with: the 5xx, and others where the ERP has them */
export function serverErrors(statuses: z.ZodNumber = z.number().int().min(500).max(599)) {
  return [
    /** Answers with such a status without doing anything. */
    z.strictObject({ kind: z.literal("server-error"), status: statuses }),
    /** Does what is asked, and answers with such a status. */
    z.strictObject({ kind: z.literal("server-error-after-commit"), status: statuses }),
  ] as const;
}

/** 429 for `ms`, for every request. */
export const THROTTLE_STORM = z.strictObject({
  kind: z.literal("throttle-storm"),
  ms: z.number().nonnegative(),
});

/** All access tokens end now, this request's too. */
export const TOKEN_EXPIRY = z.strictObject({ kind: z.literal("token-expiry") });

/** Which requests a rule's fault befalls; each simulator adds conditions of its own. */
export const FAULT_RULE_FIELDS = {
  /** Only so often; always where it is not said. */
  times: z.number().int().positive().optional(),
  /** Share of the requests that it befalls; all where it is not said. */
  rate: z.number().min(0).max(1).optional(),
  method: z.string().optional(),
  /** A part of the path, or of what else the simulator says names a request. */
  path: z.string().optional(),
};

export type DeliveryFault =
  z.infer<(typeof DELIVERY_FAULTS)[number]> | z.infer<ReturnType<typeof serverErrors>[number]>;

const DELIVERY_KINDS: ReadonlySet<string> = new Set<DeliveryFault["kind"]>([
  "lost-after-commit",
  "lost-before-commit",
  "slow",
  "duplicate-delivery",
  "server-error",
  "server-error-after-commit",
]);

/** Whether `deliver` knows what a fault does; no fault is one of these too. */
export function isDeliveryFault(
  fault: { readonly kind: string } | undefined,
): fault is DeliveryFault | undefined {
  return fault === undefined || DELIVERY_KINDS.has(fault.kind);
}

/** How a simulator does what a request asks, and how it breaks. */
export interface Delivery<Answer> {
  /** Throws where the request is refused. */
  readonly perform: () => Answer;
  readonly isRefusal: (error: unknown) => boolean;
  /** What a server that breaks answers, or throws. */
  readonly serverError: (status: number, isDone: boolean) => Answer;
  /** Ends the wait of a slow answer. */
  readonly ended?: AbortSignal;
}

/** What a request is answered; "lost": its connection is broken. Throws what `perform` and `serverError` throw. */
export async function deliver<Answer>(
  fault: DeliveryFault | undefined,
  { perform, isRefusal, serverError, ended }: Delivery<Answer>,
): Promise<Answer | "lost"> {
  const performQuietly = (): void => {
    try {
      perform();
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  };
  switch (fault?.kind) {
    case undefined:
      return perform();
    case "lost-before-commit":
      return "lost";
    case "lost-after-commit":
      performQuietly();
      return "lost";
    case "slow": {
      const answer = perform();
      await delay(fault.ms, undefined, { signal: ended }).catch(() => undefined);
      return answer;
    }
    case "server-error":
      return serverError(fault.status, false);
    case "server-error-after-commit":
      performQuietly();
      return serverError(fault.status, true);
    case "duplicate-delivery":
    default: {
      const answer = perform();
      performQuietly();
      return answer;
    }
  }
}
