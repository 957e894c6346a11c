import { expect, test } from "vitest";
import { loadCatalogDirectory } from "../../../src/cli/catalog-directory.ts";
import { compileLoadCatalog } from "../../../src/cli/compile-load-catalog.ts";
import { writeLoadCatalog } from "../../../src/load/load-catalog.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const SHAPE = { accounts: 25, meters: 3, regions: ["us", "eu"], disorderMs: 90_000 };

test("the catalog in memory is the one of the directory", async () => {
  const folder = temporaryFolder();
  writeLoadCatalog(folder, SHAPE);
  const fromFiles = await loadCatalogDirectory(folder);
  const inMemory = compileLoadCatalog(SHAPE);
  expect(inMemory.canonical).toBe(fromFiles.canonical);
  expect(inMemory.compiled.version).toBe(fromFiles.compiled.version);
  expect(inMemory.compiled.settings).toMatchObject({ regions: ["eu", "us"], disorderMs: 90_000 });
  expect([...inMemory.compiled.contracts()].map(({ account }) => account)).toHaveLength(25);
  const contract = inMemory.compiled.contractAt("account_24", Date.UTC(2026, 0, 1));
  expect(contract?.priceOf("meter_0")?.charge(1_000n, 0)).toBe("1.3");
  expect(contract?.priceOf("meter_1")?.charge(200_000n, 0)).toBe("250");
  expect(contract?.priceOf("meter_3")).toBeUndefined();
});
