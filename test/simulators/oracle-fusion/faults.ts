import type { FaultedRequest } from "../common/fault-plan.ts";
import type { FaultRule } from "./control-commands.ts";

export interface OracleRequest extends FaultedRequest {
  /** Whether it would change something. */
  readonly isWrite: boolean;
  readonly body: string;
}

/** Whether a request is one that a rule's fault may befall. */
export function fitsRule(
  { writesOnly, lastStepsOnly, notPath, notBody }: FaultRule,
  { method, path, isWrite, body }: OracleRequest,
): boolean {
  if (writesOnly === true && !isWrite) return false;
  if (lastStepsOnly === true && !(isWrite && isLastStep(method, path))) return false;
  if (notBody !== undefined && body.includes(notBody)) return false;
  return notPath === undefined || !path.includes(notPath);
}

function isLastStep(method: string, path: string): boolean {
  return method === "PATCH"
    ? path.includes("/receivablesInvoices/")
    : /\/(ReceivablesCustomerProfileService|CreditMemoService|erpintegrations)$/.test(path);
}
