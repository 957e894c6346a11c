/** What a spreadsheet takes for the start of a formula; the wide forms too, which some of them fold. */
const FORMULA_START = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

/** Text that a spreadsheet shows as it is: what would start a formula gets an apostrophe. */
export function shownAsText(text: string): string {
  return FORMULA_START.test(text) ? `'${text}` : text;
}
