import { createHash } from "node:crypto";
import {
  closeSync,
  openSync,
  readSync,
  renameSync,
  existsSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import ssh2, { type Connection, type SFTPWrapper } from "ssh2";

const { Server, utils } = ssh2;
const { OPEN_MODE, STATUS_CODE } = utils.sftp;

export interface TestSftpServer {
  readonly port: number;
  readonly hostKeySha256: string;
  readonly user: string;
  readonly password: string;
  /** Connections so far. */
  connections(): number;
  /** Ends all connections as a server's crash would. */
  cut(): void;
  /** The next write answers with a failure; where `keepsQuiet`, it says that it went well and keeps half. */
  failNextWrite(keepsQuiet?: boolean): void;
  stop(): Promise<void>;
}

export interface SftpServerOptions {
  /** Folder that is served as "/". */
  readonly root: string;
  /** Whether it renames over an existing file, as OpenSSH's does. */
  readonly hasPosixRename: boolean;
}

/** The answer of a server to the client's version, with the extension that `ssh2` can serve but does not announce. */
function versionWithExtension(): Buffer {
  const name = Buffer.from("posix-rename@openssh.com");
  const body = Buffer.concat([Buffer.from([2, 0, 0, 0, 3]), sized(name), sized(Buffer.from("1"))]);
  return sized(body);
}

function sized(data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, data]);
}

/** A real SSH server with SFTP on loopback, on a folder of this machine. */
export async function startSftpServer({ root, hasPosixRename }: SftpServerOptions): Promise<TestSftpServer> {
  const privateKey = utils.generateKeyPairSync("ed25519").private;
  const parsed = utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  const hostKeySha256 = createHash("sha256").update(key.getPublicSSH()).digest("hex");
  const open = new Set<Connection>();
  let count = 0;
  let failing: "loudly" | "quietly" | undefined;
  const server = new Server({ hostKeys: [privateKey] }, (connection) => {
    count++;
    open.add(connection);
    connection.on("error", () => undefined);
    connection.on("close", () => open.delete(connection));
    connection.on("authentication", (context) => {
      const isKnown =
        context.method === "password" && context.username === "erp" && context.password === "let me in";
      if (isKnown) context.accept();
      else context.reject(["password"]);
    });
    connection.on("session", (accept) => {
      accept().on("sftp", (acceptSftp) => {
        const sftp = acceptSftp();
        if (hasPosixRename) announceExtension(sftp);
        serve(sftp, root, () => {
          const wanted = failing;
          failing = undefined;
          return wanted;
        });
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address: unknown = server.address();
  const port: unknown =
    typeof address === "object" && address !== null ? Reflect.get(address, "port") : undefined;
  if (typeof port !== "number") throw new Error("the server has no port");
  const cut = (): void => {
    for (const connection of open) connection.end();
  };
  return {
    port,
    hostKeySha256,
    user: "erp",
    password: "let me in",
    connections: () => count,
    cut,
    failNextWrite: (keepsQuiet = false) => {
      failing = keepsQuiet ? "quietly" : "loudly";
    },
    stop: async () => {
      cut();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

/** `ssh2` sends a fixed answer to the client's version: it is changed on its way. */
function announceExtension(sftp: SFTPWrapper): void {
  const protocol: unknown = Reflect.get(sftp, "_protocol");
  if (typeof protocol !== "object" || protocol === null) throw new Error("no protocol");
  const send: unknown = Reflect.get(protocol, "channelData");
  if (typeof send !== "function") throw new Error("no channelData");
  let isFirst = true;
  Reflect.set(protocol, "channelData", (channel: unknown, data: Buffer, ...rest: unknown[]): unknown => {
    const isVersion = isFirst && data.length === 9 && data[4] === 2;
    isFirst = isFirst && !isVersion;
    return Reflect.apply(send, protocol, [channel, isVersion ? versionWithExtension() : data, ...rest]);
  });
}

function serve(sftp: SFTPWrapper, root: string, failure: () => "loudly" | "quietly" | undefined): void {
  const handles = new Map<number, number>();
  let next = 1;
  const local = (name: string): string => path.join(root, path.posix.normalize(`/${name}`));
  const act = (id: number, task: () => void): void => {
    try {
      task();
      sftp.status(id, STATUS_CODE.OK);
    } catch (error) {
      sftp.status(id, statusOf(error));
    }
  };
  const attributes = (id: number, name: string): void => {
    try {
      const { mode, uid, gid, size, atimeMs, mtimeMs } = statSync(local(name));
      sftp.attrs(id, { mode, uid, gid, size, atime: atimeMs / 1000, mtime: mtimeMs / 1000 });
    } catch (error) {
      sftp.status(id, statusOf(error));
    }
  };
  sftp.on("REALPATH", (id, name) => {
    sftp.name(id, [{ filename: path.posix.resolve("/", name), longname: "", attrs: emptyAttributes }]);
  });
  sftp.on("STAT", attributes);
  sftp.on("LSTAT", attributes);
  sftp.on("OPEN", (id, name, flags) => {
    try {
      const file = openSync(local(name), (flags & OPEN_MODE.WRITE) === 0 ? "r" : "w");
      const handle = next++;
      handles.set(handle, file);
      const data = Buffer.alloc(4);
      data.writeUInt32BE(handle);
      sftp.handle(id, data);
    } catch (error) {
      sftp.status(id, statusOf(error));
    }
  });
  const fileOf = (handle: Buffer): number => handles.get(handle.readUInt32BE()) ?? -1;
  sftp.on("WRITE", (id, handle, offset, data) => {
    const wanted = failure();
    if (wanted === "loudly") sftp.status(id, STATUS_CODE.FAILURE);
    else
      act(id, () =>
        writeSync(fileOf(handle), wanted === "quietly" ? data.subarray(0, 7) : data, 0, undefined, offset),
      );
  });
  sftp.on("READ", (id, handle, offset, length) => {
    const data = Buffer.alloc(length);
    const read = readSync(fileOf(handle), data, 0, length, offset);
    if (read === 0) sftp.status(id, STATUS_CODE.EOF);
    else sftp.data(id, data.subarray(0, read));
  });
  sftp.on("FSTAT", (id, handle) => {
    attributes(id, String(handle));
  });
  sftp.on("CLOSE", (id, handle) => {
    act(id, () => {
      closeSync(fileOf(handle));
    });
  });
  sftp.on("REMOVE", (id, name) => {
    act(id, () => {
      unlinkSync(local(name));
    });
  });
  sftp.on("RENAME", (id, from, to) => {
    act(id, () => {
      if (existsSync(local(to))) throw new Error("the target exists");
      renameSync(local(from), local(to));
    });
  });
  sftp.on("EXTENDED", (id, name, data) => {
    if (name !== "posix-rename@openssh.com") {
      sftp.status(id, STATUS_CODE.OP_UNSUPPORTED);
      return;
    }
    const length = data.readUInt32BE(0);
    const from = data.subarray(4, 4 + length).toString();
    const to = data.subarray(8 + length).toString();
    act(id, () => {
      renameSync(local(from), local(to));
    });
  });
}

const emptyAttributes = { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 };

function statusOf(error: unknown): number {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  if (code === "ENOENT") return STATUS_CODE.NO_SUCH_FILE;
  if (code === "EACCES") return STATUS_CODE.PERMISSION_DENIED;
  return STATUS_CODE.FAILURE;
}
