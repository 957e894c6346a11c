import type { Server } from "node:http";
import { TributaryError } from "../model/errors.ts";

export interface ListeningAddress {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** Listens; gives the port. Throws `internal-fault` where the address can't be listened on. */
export async function listenOn(server: Server, { host, port }: ListeningAddress): Promise<number> {
  try {
    return await new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host.replace(/^\[(.*)\]$/, "$1"), () => {
        server.off("error", reject);
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  } catch (cause) {
    throw new TributaryError("internal-fault", `Can't listen on ${host}:${port}.`, { cause });
  }
}

/** Listens no more, and ends open connections too. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
