/**
 * Judges an address before it is handed to the operating system. Only what is plainly a web address passes: `https`,
 * or `http` (which the caller must judge further). Refused are other schemes, names and passwords in the address, and
 * characters that URL parsers forgive and that could make it read differently than it acts: white space, control
 * characters, backslashes.
 *
 * @returns the parsed URL, or null when it is refused
 */
export function parseExternalUrl(text: string): URL | null {
  if (!/^https?:\/\/[^/]/i.test(text) || /[\s\\\u0000-\u001f\u007f-\u009f]/.test(text)) return null;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  const authority = text.slice(text.indexOf("//") + 2).split(/[/?#]/, 1)[0] ?? "";
  // An empty user part (`https://@host`) leaves no trace in the parsed URL.
  return authority.includes("@") ? null : url;
}
