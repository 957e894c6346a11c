/** Writes the pages of docs/ that follow from the code. A test fails while they are stale. */
import { writeFileSync } from "node:fs";
import { ERRORS } from "../src/model/errors.ts";
import { renderErrorList } from "./docs/error-list.ts";

writeFileSync(new URL("../docs/errors.md", import.meta.url), renderErrorList(ERRORS));
