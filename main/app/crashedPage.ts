import { BACKGROUND } from "./colours.ts";

/** Where the page lies that is shown when the window's own pages keep crashing. */
export const CRASHED_PATH = "/crashed.html";
export const CRASHED_STYLE_PATH = "/crashed.css";

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** What the page says, in the language in force. */
export interface CrashedTexts {
  readonly language: string;
  readonly title: string;
  readonly text: string;
  readonly again: string;
  readonly report: string;
}

/**
 * The page itself: no script and no file of the renderer, because those may be what crashes.
 *
 * @param reportFolder where the log lies, shown so that the person can find it
 */
export function crashedPage(reportFolder: string, { language, title, text, again, report }: CrashedTexts): string {
  return `<!doctype html>
<html lang="${escapeHtml(language)}">
  <head>
    <meta charset="utf-8">
    <title>Steward</title>
    <link rel="stylesheet" href="${CRASHED_STYLE_PATH}">
  </head>
  <body>
    <main>
      <h1>${escapeHtml(title)}</h1>
      <p>${escapeHtml(text)}</p>
      <p>${escapeHtml(again)}</p>
      <p>${escapeHtml(report)}</p>
      <p><code>${escapeHtml(reportFolder)}</code></p>
    </main>
  </body>
</html>
`;
}

export const CRASHED_STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; font: 15px/1.6 system-ui, sans-serif; background: ${BACKGROUND.light}; color: #1b1b19; }
main { max-width: 36rem; margin: 15vh auto 0; padding: 0 2rem; }
h1 { font-size: 1.4rem; font-weight: 600; }
code { user-select: all; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { background: ${BACKGROUND.dark}; color: #ececea; } }
`;
