import { fillTemplate } from "../../scripts/nats-server/config.mjs";
import { startNatsServer, type TestServer } from "./nats-server.ts";
import { readProjectFile } from "./project-files.ts";
import { freePort } from "./tcp-proxy.ts";

/** Brokers from the example configurations, with ports and folders of the test in the place of theirs. */

type Values = Readonly<Record<string, string | number>>;

async function startExample(
  file: string,
  partitionCount: number,
  values: Values,
  replacements: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  return await startNatsServer({
    partitionCount,
    configOf: (settings) => {
      let template = readProjectFile(`examples/regions/${file}`);
      for (const [from, to] of Object.entries(replacements)) {
        if (!template.includes(from)) throw new Error(`${file} does not say ${from}`);
        template = template.replaceAll(from, to);
      }
      const filled = fillTemplate(template, {
        port: settings.port,
        http_port: settings.monitorPort,
        store_dir: settings.storeDirectory,
        '"usage.in.*.*"': `usage.{{partition(${settings.partitionCount},1)}}.{{wildcard(2)}}`,
        ...values,
      });
      return `${filled}\nports_file_dir: ${JSON.stringify(settings.portsFileDirectory)}\n`;
    },
  });
}

export interface TestHub {
  readonly server: TestServer;
  /** Where regions dial in. */
  readonly leafPort: number;
}

export async function startHub(partitionCount: number): Promise<TestHub> {
  const leafPort = await freePort();
  const server = await startExample(
    "hub.conf",
    partitionCount,
    // What is stored is lost only with the machine; waiting for the disk would tell nothing.
    { sync_interval: "1m", listen: `127.0.0.1:${leafPort}` },
  );
  return { server, leafPort };
}

/** The broker of a region; `hubPort` is where it dials the hub. What it acknowledged outlives its process. */
export async function startRegion(
  region: string,
  hubPort: number,
  partitionCount: number,
): Promise<TestServer> {
  return await startExample("region.conf", partitionCount, {
    server_name: `region-${region}`,
    domain: region,
    url: `nats-leaf://127.0.0.1:${hubPort}`,
  });
}

/** A cluster of three. */
export async function startCluster(partitionCount: number): Promise<readonly TestServer[]> {
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  const routes = Object.fromEntries(
    [6222, 6223, 6224].map((port, n) => [
      `nats-route://127.0.0.1:${port}`,
      `nats-route://127.0.0.1:${ports[n]}`,
    ]),
  );
  return await Promise.all(
    ports.map((port, n) =>
      startExample(
        "cluster-node.conf",
        partitionCount,
        { server_name: `n${n + 1}`, sync_interval: "1m", listen: `127.0.0.1:${port}` },
        routes,
      ),
    ),
  );
}
