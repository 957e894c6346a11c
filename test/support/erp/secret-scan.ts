import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A secret as it stands, in base64, and escaped for an address: how it would get into a log, a header or a query. */
function formsOf(secret: string): Buffer[] {
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  return [...new Set([secret, base64, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])].map(
    (text) => Buffer.from(text),
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Places in which a secret stands, by name: texts that were written, and files below folders (a broker's store, states). */
export function placesOfSecrets(
  secrets: readonly string[],
  texts: Readonly<Record<string, string>>,
  folders: readonly string[],
  isExpected: (file: string) => boolean,
): string[] {
  const forms = secrets.flatMap(formsOf);
  const holds = (content: Buffer): boolean => forms.some((form) => content.includes(form));
  const named = Object.entries(texts)
    .filter(([, text]) => holds(Buffer.from(text)))
    .map(([name]) => name);
  const files = folders.flatMap(filesBelow).filter((file) => !isExpected(file) && holds(contentOf(file)));
  return [...named, ...files];
}

/** Empty where the file has gone meanwhile. */
function contentOf(file: string): Buffer {
  return statSync(file, { throwIfNoEntry: false }) === undefined ? Buffer.alloc(0) : readFileSync(file);
}
