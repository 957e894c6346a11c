import type { ErpDescription } from "../../model/erp-description.ts";
import type { CompiledConnection } from "./compiled-posting.ts";

/** Why nothing, or not all, can be posted by a connection; undefined where it fits its ERP. */
export function connectionProblem(
  { adapter, kinds }: Pick<CompiledConnection, "adapter" | "kinds">,
  description: ErpDescription | undefined,
): string | undefined {
  if (description === undefined) return `adapter ${adapter} is not one that this version has`;
  const refused = [...kinds].filter((kind) => !description.kinds.includes(kind));
  return refused.length === 0
    ? undefined
    : `${description.title} takes no ${refused.join(", ")}: name the kinds that it is to have`;
}
