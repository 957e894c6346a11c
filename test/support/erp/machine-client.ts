import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineCredentials } from "../../simulators/netsuite/machine-authentication.ts";

const CLIENT = "client-5e2c";
const CERTIFICATE = "certificate-1";

/** A client of OAuth 2.0 for machines: what a simulated account is told of it, what a connection's settings say, and its key. */
export function machineClient(folder: string): {
  readonly account: MachineCredentials;
  readonly settings: Readonly<Record<string, string>>;
  readonly keyFile: string;
  readonly privateKey: string;
} {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keyFile = join(folder, "netsuite-key.pem");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  writeFileSync(keyFile, pem, { mode: 0o600 });
  return {
    account: {
      clientId: CLIENT,
      certificates: { [CERTIFICATE]: publicKey.export({ type: "spki", format: "pem" }).toString() },
    },
    settings: {
      kind: "machine",
      client_id: CLIENT,
      certificate_id: CERTIFICATE,
      private_key_file: keyFile,
      algorithm: "ES256",
    },
    keyFile,
    privateKey: pem,
  };
}
