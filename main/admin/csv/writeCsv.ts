/**
 * What a spreadsheet would take for the beginning of a formula, also behind the apostrophes put before one. Some take the wide
 * signs of East Asian keyboards for the narrow ones.
 */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** What a CSV file begins with: spreadsheets take it for another encoding else. */
export const BYTE_ORDER_MARK = "\ufeff";

/**
 * A table as a CSV file (RFC 4180) that a spreadsheet opens without running anything that stands in it: a cell that would
 * begin a formula gets an apostrophe in front. With a byte order mark.
 */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  return BYTE_ORDER_MARK + csvLines(rows);
}

/** Some lines of such a file. */
export function csvLines(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(asCell).join(",")}\r\n`).join("");
}

/** What stands in a cell, so that nothing of it is taken for a formula. */
export function harmlessText(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** The cell as it was before `writeCsv` put an apostrophe in front. */
export function undoEscape(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}

function asCell(text: string): string {
  const harmless = harmlessText(text);
  // Blanks at the ends are kept by every reader only inside of quotes.
  return /[",;\r\n]|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
