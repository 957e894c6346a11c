import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** Lines that outlast the process. */
export class LineFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  append(line: string): void {
    appendFileSync(this.#path, `${line}\n`);
  }

  /** In the order of writing; none where there is no file yet. */
  lines(): readonly string[] {
    if (!existsSync(this.#path)) return [];
    // Behind the last line's end there is nothing, or a line that was cut off: what it would have said was never answered.
    return readFileSync(this.#path, "utf8").split("\n").slice(0, -1);
  }
}

/** What a simulator keeps when its process ends: each change is a line, the last line of a thing counts. */
export class StateFile {
  readonly #file: LineFile;

  constructor(path: string) {
    this.#file = new LineFile(path);
  }

  append(kind: string, value: object): void {
    this.#file.append(`${kind} ${JSON.stringify(value)}`);
  }

  /** The values of a kind as JSON, in the order of writing. */
  *read(kind: string): Iterable<string> {
    for (const line of this.#file.lines()) if (line.startsWith(`${kind} `)) yield line.slice(kind.length + 1);
  }
}
