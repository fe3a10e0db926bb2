/** What a spreadsheet would take for the beginning of a formula, also behind the apostrophes put before one. */
const FORMULA = /^'*[=+\-@\t\r]/;

/**
 * A table as a CSV file (RFC 4180) that a spreadsheet opens without running anything that stands in it: a cell that would
 * begin a formula gets an apostrophe in front. With a byte order mark, because spreadsheets take it for another encoding else.
 */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  return `\ufeff${rows.map((row) => `${row.map(asCell).join(",")}\r\n`).join("")}`;
}

/** The cell as it was before `writeCsv` put an apostrophe in front. */
export function undoEscape(cell: string): string {
  return /^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell;
}

function asCell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  // Blanks at the ends are kept by every reader only inside of quotes.
  return /[",;\r\n]|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
