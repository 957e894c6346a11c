/** Folders below the drop's root. */
export const OUTBOUND = "outbound";
export const ACKNOWLEDGED = "ack";

/** A place where files are left for another system. Rejects with `ErpFault`; a file is there whole or not at all. */
export interface Drop {
  /** Puts a file under its name, whatever stood there: written aside, made durable, renamed. */
  publish(folder: string, name: string, content: string, signal: AbortSignal): Promise<void>;
  /** The file's text; undefined where there is none. A larger one than `maxBytes` is a `validation` fault. */
  read(folder: string, name: string, maxBytes: number, signal: AbortSignal): Promise<string | undefined>;
  exists(folder: string, name: string, signal: AbortSignal): Promise<boolean>;
  /** Gives a file another name; does nothing where it is not there. */
  rename(folder: string, from: string, to: string, signal: AbortSignal): Promise<void>;
  /** What is wrong with the folders, in a sentence each. Changes nothing. */
  check(signal: AbortSignal): Promise<readonly string[]>;
  close(): Promise<void>;
}
