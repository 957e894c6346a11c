import SftpClient from "ssh2-sftp-client";
import { messageOf } from "../../../../model/errors.ts";
import { ErpFault } from "../../erp-sink.ts";
import { tooLarge } from "./directory-drop.ts";
import { ACKNOWLEDGED, type Drop, OUTBOUND } from "./drop.ts";

const TEMPORARY = ".part";
const CONNECT_TIMEOUT_MS = 20_000;
/** A connection that says nothing for so long is taken for dead. */
const KEEPALIVE_INTERVAL_MS = 10_000;
const KEEPALIVES_MISSED = 3;
/** SFTP status: no such file. */
const NO_SUCH_FILE: ReadonlySet<unknown> = new Set([2, "ENOENT", "ERR_BAD_PATH"]);
const DENIED: ReadonlySet<unknown> = new Set([3, "EACCES"]);

export interface SftpDropOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** One of the two. */
  readonly password?: string;
  /** PEM or OpenSSH text of the key, not its file's name. */
  readonly privateKey?: string;
  readonly passphrase?: string;
  /** SHA-256 of the server's host key, hexadecimal or as `ssh-keygen -l` shows it: another server is not spoken to. */
  readonly hostKeySha256: string;
  /** Folder on the server that holds `outbound` and `ack`. */
  readonly root: string;
}

/** A folder of an SFTP server. One connection, made when it is needed and again after a fault. */
export function sftpDrop(options: SftpDropOptions): Drop {
  return new SftpDrop(options);
}

class SftpDrop implements Drop {
  readonly #options: SftpDropOptions;
  #connecting: Promise<SftpClient> | undefined;

  constructor(options: SftpDropOptions) {
    this.#options = options;
  }

  async publish(folder: string, name: string, content: string, signal: AbortSignal): Promise<void> {
    await this.#faulted(signal, async (client) => {
      const place = this.#at(folder, name);
      const data = Buffer.from(content);
      await client.put(data, place + TEMPORARY);
      // A server whose disk is full may cut a file without a word.
      const { size } = await client.stat(place + TEMPORARY);
      if (size !== data.length)
        throw new ErpFault("transient", `the server kept ${size} of ${data.length} bytes of ${name}`);
      signal.throwIfAborted();
      await replace(client, place + TEMPORARY, place);
    });
  }

  async read(
    folder: string,
    name: string,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    return await this.#faulted(signal, async (client) => {
      const place = this.#at(folder, name);
      const found = await client.stat(place).catch(absent);
      if (found === undefined) return undefined;
      if (found.size > maxBytes) throw tooLarge(name, found.size);
      const data: unknown = await client.get(place);
      if (!Buffer.isBuffer(data)) throw new ErpFault("transient", `${name} could not be read`);
      return data.toString("utf8");
    });
  }

  async exists(folder: string, name: string, signal: AbortSignal): Promise<boolean> {
    return await this.#faulted(
      signal,
      async (client) => (await client.stat(this.#at(folder, name)).catch(absent)) !== undefined,
    );
  }

  async rename(folder: string, from: string, to: string, signal: AbortSignal): Promise<void> {
    await this.#faulted(signal, async (client) => {
      const source = this.#at(folder, from);
      if ((await client.stat(source).catch(absent)) === undefined) return;
      await replace(client, source, this.#at(folder, to));
    });
  }

  async check(signal: AbortSignal): Promise<readonly string[]> {
    return await this.#faulted(signal, async (client) => {
      const findings: string[] = [];
      for (const folder of [OUTBOUND, ACKNOWLEDGED]) {
        const place = `${this.#options.root}/${folder}`;
        const found = await client.exists(place);
        if (found !== "d") findings.push(`The server ${this.#options.host} has no folder ${place}.`);
      }
      return findings;
    });
  }

  async close(): Promise<void> {
    const connecting = this.#connecting;
    this.#connecting = undefined;
    const client = await connecting?.catch(() => undefined);
    await client?.end().catch(() => false);
  }

  #at(folder: string, name: string): string {
    return `${this.#options.root}/${folder}/${name}`;
  }

  async #connect(): Promise<SftpClient> {
    const { host, port, user, password, privateKey, passphrase, hostKeySha256 } = this.#options;
    const wanted = fingerprint(hostKeySha256);
    let isOtherServer = false;
    const client = new SftpClient("tributary", {
      // Also what nobody waits for: the next act connects anew.
      error: () => {
        this.#connecting = undefined;
      },
      end: () => {
        this.#connecting = undefined;
      },
      close: () => {
        this.#connecting = undefined;
      },
    });
    try {
      await client.connect({
        host,
        port,
        username: user,
        ...(password === undefined ? {} : { password }),
        ...(privateKey === undefined ? {} : { privateKey }),
        ...(passphrase === undefined ? {} : { passphrase }),
        readyTimeout: CONNECT_TIMEOUT_MS,
        keepaliveInterval: KEEPALIVE_INTERVAL_MS,
        keepaliveCountMax: KEEPALIVES_MISSED,
        hostHash: "sha256",
        hostVerifier: (hash: string) => {
          isOtherServer = hash.toLowerCase() !== wanted;
          return !isOtherServer;
        },
      });
    } catch (error) {
      if (isOtherServer)
        throw new ErpFault("authentication", `${host} shows another host key than the configured one`, {
          code: "host-key-different",
        });
      if (/authentication|privateKey|passphrase/i.test(messageOf(error)))
        throw new ErpFault("authentication", `${host} refuses the credentials of ${user}`, {
          code: "credentials-refused",
        });
      throw new ErpFault("transient", `${host} can't be reached: ${messageOf(error)}`);
    }
    return client;
  }

  async #faulted<Result>(signal: AbortSignal, act: (client: SftpClient) => Promise<Result>): Promise<Result> {
    try {
      signal.throwIfAborted();
      this.#connecting ??= this.#connect();
      const client = await this.#connecting;
      return await untilAborted(signal, act(client));
    } catch (error) {
      const connecting = this.#connecting;
      this.#connecting = undefined;
      void connecting?.then(
        async (client) => await client.end().catch(() => false),
        () => false,
      );
      if (error instanceof ErpFault) throw error;
      const code = codeOf(error);
      throw new ErpFault(DENIED.has(code) ? "permission" : "transient", messageOf(error), {
        code: typeof code === "string" ? code : null,
        cause: error,
      });
    }
  }
}

/**
 * Gives a file another name, whatever has it. The plain rename of SFTP 3 fails where the target exists; a server without OpenSSH's extension
 * gets the target removed first. Between the two the name is missing, and the file under the other name is whole: who tries again puts it right.
 */
async function replace(client: SftpClient, from: string, to: string): Promise<void> {
  try {
    await client.posixRename(from, to);
  } catch (error) {
    if (!/does not support this extended request/i.test(messageOf(error))) throw error;
    await client.delete(to, true);
    await client.rename(from, to);
  }
}

async function untilAborted<Result>(signal: AbortSignal, act: Promise<Result>): Promise<Result> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(new ErpFault("transient", "the server did not answer in time", { code: "timed-out" }));
    };
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([act, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    // What goes on behind its time is over with the connection; nobody else hears of it.
    act.catch(() => undefined);
  }
}

function absent(error: unknown): undefined {
  if (NO_SUCH_FILE.has(codeOf(error)) || /no such file/i.test(messageOf(error))) return undefined;
  throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, "code") : undefined;
}

/** Hexadecimal, lower case, of a fingerprint in either form. */
function fingerprint(text: string): string {
  const base64 = /^SHA256:([A-Za-z0-9+/]{43})=?$/.exec(text)?.[1];
  return base64 === undefined
    ? text.replaceAll(":", "").toLowerCase()
    : Buffer.from(base64, "base64").toString("hex");
}
