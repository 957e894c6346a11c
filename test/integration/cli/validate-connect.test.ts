import { afterEach, beforeEach, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  monthlyFrom,
  writeBilledCatalog,
  standardPlan,
} from "../../support/worker/billed-month.ts";
import { runCommand } from "../../support/worker/worker-process.ts";
import { NetSuiteSimulator } from "../../simulators/netsuite/simulator.ts";

/** `tributary validate --connect` says in one sentence each what would keep documents out of an ERP. */

const TOKEN = {
  consumerKey: "consumer-key-7f",
  consumerSecret: "consumer-secret-91",
  tokenKey: "token-id-3a",
  tokenSecret: "token-secret-c4",
};
const ROWS: Readonly<Record<string, readonly (readonly [key: string, id: string])[]>> = {
  legal_entity: [["default", "1"]],
  currency: [["USD", "1"]],
  item: [["usage", "86"]],
  account: [
    ["unbilled-receivable", "119"],
    ["revenue", "54"],
    ["adjustments", "54"],
    ["receivable", "120"],
    ["deferred-revenue", "121"],
    ["tax-payable", "122"],
    ["currency-rounding", "123"],
    ["credits", "121"],
    ["credits-granted", "124"],
    ["credits-expired", "55"],
  ],
  terms: [["30", "2"]],
};

let bench: Bench;
let netsuite: NetSuiteSimulator;

beforeEach(async () => {
  netsuite = await NetSuiteSimulator.start({ token: TOKEN });
  bench = await Bench.start(1);
});
afterEach(async () => {
  await bench.close();
  await netsuite.close();
});

function writeCatalog(rows = ROWS): void {
  writeBilledCatalog(bench.workspace.catalogFolder, {
    ...standardPlan("USD"),
    "contracts/contract.json": {
      id: "C",
      customer: "customer",
      account: "acme",
      plan: { key: "standard", version: 1 },
      ...monthlyFrom(endedMonth().startMs),
    },
    "erp/netsuite.json": { key: "netsuite", adapter: "netsuite" },
    "mappings/netsuite.json": Object.entries(rows).flatMap(([table, entries]) =>
      entries.map(([key, id]) => ({ connection: "netsuite", table, key, values: { id } })),
    ),
  });
}

interface Validated {
  readonly code: number | null;
  readonly text: string;
}

async function validate(tokenSecret: string = TOKEN.tokenSecret): Promise<Validated> {
  const erp = {
    netsuite: {
      adapter: "netsuite",
      account: "1234567_SB1",
      url: netsuite.url,
      authentication: {
        kind: "token",
        consumer_key: TOKEN.consumerKey,
        consumer_secret: TOKEN.consumerSecret,
        token_id: TOKEN.tokenKey,
        token_secret: tokenSecret,
      },
    },
  };
  const { code, stdout, stderr } = await runCommand([
    "validate",
    "--connect",
    "--config",
    bench.workspace.config({ erp }),
  ]);
  return { code, text: stdout + stderr };
}

test("a connection that lacks nothing is said to lack nothing", async () => {
  writeCatalog();
  const { code, text } = await validate();
  expect(text).toContain("ERP connection netsuite (netsuite): nothing stands in the way.");
  expect(code).toBe(0);
});

test("a wrong secret, a missing permission and a missing mapping are each one plain sentence", async () => {
  writeCatalog();
  const wrong = await validate("guessed-secret-55");
  expect(wrong.code).toBe(2);
  expect(wrong.text).toMatch(
    /^fault in ERP connection: netsuite: NetSuite refuses the credentials: check account, keys and tokens/m,
  );
  for (const secret of [...Object.values(TOKEN), "guessed-secret-55"])
    expect(wrong.text).not.toContain(secret);

  netsuite.control({ do: "revoke-permission", permission: "Transactions -> Invoice" });
  const forbidden = await validate();
  expect(forbidden.code).toBe(2);
  expect(forbidden.text).toMatch(
    /^fault in ERP connection: netsuite: The role may not use documents of the kind invoice: it needs "Transactions > Invoice"/m,
  );
  netsuite.control({ do: "grant-permission", permission: "Transactions -> Invoice" });

  netsuite.control({ do: "deactivate", type: "serviceSaleItem", id: "86" });
  writeCatalog({ ...ROWS, currency: [["USD", "77"]], item: [["usage", "86"]] });
  const unmapped = await validate();
  expect(unmapped.code).toBe(2);
  expect(unmapped.text).toMatch(/^fault in ERP connection: netsuite: .*currency.*77/im);
  expect(unmapped.text).toMatch(/^fault in ERP connection: netsuite: .*item.*86/im);

  // What the mapping has no row for at all is told without asking the ERP.
  writeCatalog({ ...ROWS, item: [["another", "87"]] });
  const missing = await validate();
  expect(missing.text).toMatch(/^warning: erp\/netsuite: the mapping lacks item usage/m);
});
