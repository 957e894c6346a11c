import type { PostingCommand } from "../../../../model/posting.ts";

/** What a file holds, with the figures that its manifest repeats. */
export interface RenderedFile {
  readonly text: string;
  /** Rows of data, without header and trailer. */
  readonly rows: number;
}

/** How documents are written. One file each; `formats.ts` lists them. */
export interface FileFormat {
  readonly name: string;
  /** Ending of the file's name, with its dot. */
  readonly extension: string;
  /** Throws `ErpFault` (`validation`) where the document does not fit. */
  render(command: PostingCommand, externalId: string): RenderedFile;
}
