// @ts-check
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const TEMPLATE = fileURLToPath(new URL("../../deploy/nats/nats-server.conf", import.meta.url));

/**
 * @typedef {object} NatsServerSettings
 * @property {string} host
 * @property {number} port −1 lets the server choose a free one
 * @property {number} monitorPort −1 likewise
 * @property {string} storeDirectory
 * @property {number} partitionCount
 * @property {number} maxPayloadBytes
 * @property {string} syncInterval how long acknowledged data may stay unwritten: `always` or a duration such as `1m`
 * @property {string} portsFileDirectory where the server writes down the ports that it has chosen
 * @property {ClusterMember} [cluster] absent: a server by itself
 */

/**
 * A server's place in a cluster. Clients are told of no other servers than those that they know: a client keeps to the
 * addresses that it was given.
 * @typedef {object} ClusterMember
 * @property {string} clusterName
 * @property {string} serverName unique in the cluster
 * @property {number} port where the other servers connect, on the same host
 * @property {readonly number[]} peerPorts those of the other servers
 */

/**
 * The server configuration that we ship, with these settings in the place of its own.
 * @param {NatsServerSettings} settings
 * @returns {string}
 */
export function natsServerConfig(settings) {
  const filled = fillTemplate(readFileSync(TEMPLATE, "utf8"), {
    host: settings.host,
    port: settings.port,
    http_port: settings.monitorPort,
    max_payload: settings.maxPayloadBytes,
    store_dir: settings.storeDirectory,
    sync_interval: settings.syncInterval,
    '"usage.in.*.*"': `usage.{{partition(${settings.partitionCount},1)}}.{{wildcard(2)}}`,
  });
  const cluster = settings.cluster === undefined ? "" : clusterBlock(settings.host, settings.cluster);
  return `${filled}\nports_file_dir: ${JSON.stringify(settings.portsFileDirectory)}\n${cluster}`;
}

/**
 * @param {string} host
 * @param {ClusterMember} member
 * @returns {string}
 */
function clusterBlock(host, { clusterName, serverName, port, peerPorts }) {
  const routes = peerPorts.map((peer) => `nats://${host}:${peer}`);
  return (
    `server_name: ${JSON.stringify(serverName)}\n` +
    `cluster {\n  name: ${JSON.stringify(clusterName)}\n  host: ${JSON.stringify(host)}\n  port: ${port}\n` +
    `  routes: ${JSON.stringify(routes)}\n  no_advertise: true\n}\n`
  );
}

/**
 * Replaces the value of each `name: value` line.
 * @param {string} template
 * @param {Readonly<Record<string, string | number>>} values
 * @returns {string}
 * @throws {Error} when the template does not set a name exactly once
 */
export function fillTemplate(template, values) {
  const lines = template.split("\n");
  for (const [name, value] of Object.entries(values)) {
    const found = lines.flatMap((line, index) => (line.trimStart().startsWith(`${name}: `) ? [index] : []));
    const [index, ...others] = found;
    if (index === undefined || others.length > 0) {
      throw new Error(`the template must set ${name} once, not ${found.length} times`);
    }
    lines[index] = `${name}: ${JSON.stringify(value)}`;
  }
  return lines.join("\n");
}
