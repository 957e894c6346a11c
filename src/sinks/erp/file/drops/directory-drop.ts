import { constants } from "node:fs";
import { access, open, rename, stat } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../../../../model/errors.ts";
import { publishFile, syncFolder, writeDurably } from "../../../file/durable-file.ts";
import { ErpFault } from "../../erp-sink.ts";
import { ACKNOWLEDGED, type Drop, OUTBOUND } from "./drop.ts";

/** What a consumer leaves alone; it is left behind by a crash and replaced by the next attempt. */
const TEMPORARY = ".tmp";

/** A folder of this machine, or one that is mounted. */
export function directoryDrop(root: string): Drop {
  const at = (folder: string, name: string): string => path.join(root, folder, name);
  return {
    async publish(folder, name, content, signal) {
      await faulted(signal, async () => {
        await writeDurably(at(folder, name + TEMPORARY), content);
        signal.throwIfAborted();
        await publishFile(at(folder, name + TEMPORARY), at(folder, name), path.join(root, folder));
      });
    },
    async read(folder, name, maxBytes, signal) {
      return await faulted(signal, async () => {
        const handle = await open(at(folder, name), "r").catch(absent);
        if (handle === undefined) return undefined;
        try {
          const { size } = await handle.stat();
          if (size > maxBytes) throw tooLarge(name, size);
          return await handle.readFile("utf8");
        } finally {
          await handle.close();
        }
      });
    },
    async exists(folder, name, signal) {
      return await faulted(signal, async () => (await stat(at(folder, name)).catch(absent)) !== undefined);
    },
    async rename(folder, from, to, signal) {
      await faulted(signal, async () => {
        await rename(at(folder, from), at(folder, to)).catch(absent);
        await syncFolder(path.join(root, folder));
      });
    },
    async check() {
      const findings: string[] = [];
      for (const [folder, mode, use] of [
        [OUTBOUND, constants.W_OK, "written to"],
        [ACKNOWLEDGED, constants.R_OK, "read"],
      ] as const) {
        const place = path.join(root, folder);
        const fault = await access(place, mode).then(
          () => undefined,
          (error: unknown) => messageOf(error),
        );
        if (fault !== undefined) findings.push(`The folder ${place} can't be ${use}: ${fault}.`);
      }
      return findings;
    },
    close: async () => {
      await Promise.resolve();
    },
  };
}

export function tooLarge(name: string, bytes: number): ErpFault {
  return new ErpFault("validation", `${name} has ${bytes} bytes: no acknowledgement is that large`, {
    code: "acknowledgement-too-large",
  });
}

function absent(error: unknown): undefined {
  if (codeOf(error) === "ENOENT") return undefined;
  throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, "code") : undefined;
}

async function faulted<Result>(signal: AbortSignal, act: () => Promise<Result>): Promise<Result> {
  try {
    signal.throwIfAborted();
    return await act();
  } catch (error) {
    if (error instanceof ErpFault) throw error;
    const code = codeOf(error);
    const kind = code === "EACCES" || code === "EPERM" || code === "EROFS" ? "permission" : "transient";
    throw new ErpFault(kind, messageOf(error), {
      code: typeof code === "string" ? code : null,
      cause: error,
    });
  }
}
