import { expect, test } from "vitest";
import { parse } from "yaml";
import { mappingGaps } from "../../../src/billing/posting/mapping-gaps.ts";
import type { ErpDescription } from "../../../src/model/erp-description.ts";
import { readProjectFile } from "../../support/project-files.ts";
import { REVERSING_ERP } from "../../support/test-erps.ts";
import { PostedPartition } from "./posted-partition.ts";
import { catalogOf, contract, type Files } from "../invoices/billed-partition.ts";

const page = readProjectFile("docs/erp/mapping.md");

/** The files of the page, by name. */
const files = new Map(
  [...page.matchAll(/^`(\S+\.yaml)`\n\n```yaml\n(.*?)^```/gms)].map(([, file = "", text = ""]) => [
    file,
    text,
  ]),
);

/** The adapter of the page as far as the example needs it. */
const DESCRIPTIONS = new Map<string, ErpDescription>([
  ["netsuite", { ...REVERSING_ERP, adapter: "netsuite" }],
]);

const ENTITY = { key: "default", name: "Default", number_prefix: "INV-" };

interface Row {
  readonly key: string;
}

function catalogWith(rows: readonly Row[]) {
  const given: Files = {
    "contracts/all.json": contract({ id: "C", dimensions: { team: "core" } }),
    "legal_entities/all.json": ENTITY,
    "erp/nova.json": parse(files.get("erp/nova.yaml") ?? "", { schema: "failsafe" }) as unknown,
    "mappings/nova.json": rows,
  };
  return catalogOf(given);
}

const rows: readonly Row[] = parse(files.get("mappings/nova.yaml") ?? "", { schema: "failsafe" });

test("the example of docs/erp/mapping.md is complete", () => {
  expect([...files.keys()]).toEqual(["erp/nova.yaml", "mappings/nova.yaml"]);
  expect(mappingGaps(catalogWith(rows), DESCRIPTIONS, "2026-01-31")).toEqual([]);
});

test("what the page says is missing without two rows is missing", () => {
  const fewer = rows.filter(({ key }) => !["support", "EUR", "*"].includes(key));
  const gaps = mappingGaps(catalogWith(fewer), DESCRIPTIONS, "2026-01-31");
  const lines = gaps.map(
    ({ connection, missing, contracts }) =>
      `warning: erp/${connection}: the mapping lacks ${missing}: documents will wait, like those of contract ${contracts.join(", ")}`,
  );
  const [, block = ""] = page.split("```text\n");
  expect(lines).toEqual((block.split("```")[0] ?? "").trim().split("\n"));
});

test("the command of docs/wire.md is the one that is queued", async () => {
  const [, block = ""] = readProjectFile("docs/wire.md").split("<!-- command -->\n\n```json\n");
  const shown: unknown = JSON.parse(block.split("```")[0] ?? "");
  const onTest: Files = parse(files.get("erp/nova.yaml") ?? "", { schema: "failsafe" });
  const partition = new PostedPartition(
    catalogOf({
      "contracts/all.json": contract({ id: "C" }),
      "legal_entities/all.json": ENTITY,
      "erp/nova.json": { ...onTest, adapter: "reversing" },
      "mappings/nova.json": rows,
    }),
  );
  await partition.use(50, "2026-01-10");
  await partition.until("2026-02-04");
  const command = (await partition.commands()).find(({ key }) => key === "invoice:default:INV-000002");
  expect({
    ...command,
    contentHash: "<SHA-256 of the canonical JSON of document>",
    catalogVersion: "<SHA-256 of the canonical catalog>",
  }).toEqual(shown);
});
