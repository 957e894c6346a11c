import type { FaultList, Sourced } from "../catalog/faults.ts";
import type { LegalEntity } from "../catalog/legal-entity.ts";
import { type ErpConnection, kindsOf, takesEntity } from "./erp-connection.ts";
import type { MappingRow } from "./mapping-row.ts";

/**
 * Connections name legal entities that exist. A document is known to its connection by its number: legal entities of one
 * connection must not give out the same ones.
 * @param declared keys of all legal entities, also of those with faults of their own
 */
export function checkErpConnections(
  sources: readonly Sourced<ErpConnection>[],
  declared: ReadonlySet<string>,
  entities: readonly LegalEntity[],
  faults: FaultList,
): void {
  for (const { value, ...source } of sources) {
    for (const [index, key] of (value.legal_entities ?? []).entries())
      if (!declared.has(key))
        faults.add(source, ["legal_entities", index], `there is no legal entity ${key}`);
    if (!kindsOf(value).has("invoice")) continue;
    const byPrefix = new Map<string, string>();
    for (const entity of entities) {
      if (!takesEntity(value, entity.key)) continue;
      const prefix = entity.number_prefix ?? `${entity.key}-`;
      const other = byPrefix.get(prefix);
      if (other === undefined) byPrefix.set(prefix, entity.key);
      else
        faults.add(
          source,
          ["legal_entities"],
          `documents of ${other} and ${entity.key} have the same numbers (number_prefix ${prefix})`,
        );
    }
  }
}

/** Rows name connections that exist, and at most one row of a key holds on a day. */
export function checkMappingRows(
  sources: readonly Sourced<MappingRow>[],
  connections: ReadonlySet<string>,
  faults: FaultList,
): void {
  const byKey = new Map<string, Sourced<MappingRow>[]>();
  for (const source of sources) {
    const { connection, table, key } = source.value;
    if (!connections.has(connection))
      faults.add(source, ["connection"], `there is no ERP connection ${connection}`);
    const name = [connection, table, key].join("\u0000");
    const list = byKey.get(name);
    if (list === undefined) byKey.set(name, [source]);
    else list.push(source);
  }
  for (const list of byKey.values()) {
    const ordered = [...list].sort((a, b) => ((a.value.from ?? "") < (b.value.from ?? "") ? -1 : 1));
    ordered.forEach((source, index) => {
      const before = ordered[index - 1];
      if (before === undefined) return;
      const { from = "", key } = source.value;
      if (before.value.to === undefined || before.value.to > from)
        faults.add(source, ["key"], `${key} is already mapped for its days in ${before.file}`);
    });
  }
}
