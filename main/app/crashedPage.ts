import { BACKGROUND } from "./colours.ts";

/** Where the page lies that is shown when the window's own pages keep crashing. */
export const CRASHED_PATH = "/crashed.html";
export const CRASHED_STYLE_PATH = "/crashed.css";

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/**
 * The page itself: no script and no file of the renderer, because those may be what crashes.
 *
 * @param reportFolder where the log lies, shown so that the person can find it
 */
export function crashedPage(reportFolder: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Steward</title>
    <link rel="stylesheet" href="${CRASHED_STYLE_PATH}">
  </head>
  <body>
    <main>
      <h1>This window stopped working</h1>
      <p>
        Steward tried to bring the window back several times, and it stopped each time. Your accounts and keys are kept
        by another part of the app and are not affected.
      </p>
      <p>To try again, press <kbd>Ctrl</kbd>+<kbd>R</kbd> (on a Mac <kbd>Cmd</kbd>+<kbd>R</kbd>), or close Steward and
        open it again.</p>
      <p>What Steward noted is in this folder. Passwords, tokens and keys are taken out; Matrix IDs and the addresses of
        homeservers stay in it:</p>
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
kbd { font: inherit; padding: 0 0.35em; border: 1px solid #8886; border-radius: 4px; }
@media (prefers-color-scheme: dark) { body { background: ${BACKGROUND.dark}; color: #ececea; } }
`;
