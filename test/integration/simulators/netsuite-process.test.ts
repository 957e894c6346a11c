import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { sendControl } from "../../simulators/netsuite/control-commands.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { authorizationOf, CUSTOMER, TOKEN } from "../../unit/simulators/netsuite/netsuite-client.ts";

const PATH = "/record/v1/customer/eid:c1";

it("keeps the records of a simulated account whose process is killed", async () => {
  const folder = temporaryFolder();
  const controlToken = "0123456789abcdef";
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({ controlToken, token: TOKEN, account: { id: "1234567_SB1", hasSuiteTax: false } }),
  );
  const main = fileURLToPath(new URL("../../simulators/netsuite/main.ts", import.meta.url));
  const start = async (): Promise<{ readonly child: ChildProcess; readonly url: string }> => {
    const args = ["--config", join(folder, "config.json"), "--state-file", join(folder, "state.jsonl")];
    const child = spawn(process.execPath, ["--import", "tsx", main, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    const [line] = await once(child.stdout, "data");
    const { url }: { readonly url: string } = JSON.parse(String(line));
    return { child, url };
  };
  const first = await start();
  const url = `${first.url}/services/rest${PATH}`;
  const headers = { authorization: authorizationOf("PUT", url), "content-type": "application/json" };
  expect((await fetch(url, { method: "PUT", headers, body: JSON.stringify(CUSTOMER) })).status).toBe(204);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  const second = await start();
  const ledger = await sendControl(second.url, controlToken, { do: "ledger" });
  expect(ledger).toMatchObject({ records: [{ externalId: "c1", commits: 1 }] });
  second.child.kill("SIGTERM");
  expect(await once(second.child, "exit")).toEqual([0, null]);
});
