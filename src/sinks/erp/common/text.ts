/** The first `maxCharacters` UTF-16 units of a text, or one fewer where that would cut a character in two. */
export function truncatedText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const last = text.charCodeAt(maxCharacters - 1);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHighSurrogate ? maxCharacters - 1 : maxCharacters);
}

/** As `truncatedText`, without line breaks and other control characters, which fields of one line refuse. */
export function singleLineText(text: string, maxCharacters: number): string {
  return truncatedText(text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim(), maxCharacters);
}
