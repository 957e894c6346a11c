import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** What the simulator keeps when its process ends: each change is a line, the last line of a thing counts. */
export class StateFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  append(kind: string, value: object): void {
    appendFileSync(this.#path, `${kind} ${JSON.stringify(value)}\n`);
  }

  /** The values of a kind as JSON, in the order of writing. */
  *read(kind: string): Iterable<string> {
    if (!existsSync(this.#path)) return;
    const lines = readFileSync(this.#path, "utf8").split("\n");
    // Behind the last line's end there is nothing, or a line that was cut off: what it would have said was never answered.
    for (const line of lines.slice(0, -1)) if (line.startsWith(`${kind} `)) yield line.slice(kind.length + 1);
  }
}
