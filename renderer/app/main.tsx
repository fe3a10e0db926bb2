import "@fontsource/inter/400.css";
import "@fontsource/inter/500.css";
import "@fontsource/inter/600.css";
import "./tokens.css";
import "./base.css";
import "./laterStyles.ts";
import { lazy, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { pageIsLocked, takeKnownAccounts } from "../stores/accounts.ts";
import { subscribeStores } from "../stores/subscribe.ts";
import { followTheme, loadSettings, speakLanguageOfPage } from "../stores/settings.ts";
import { App } from "./App.tsx";
import { firstPaint } from "./firstPaint.ts";
import { InLanguage } from "./InLanguage.tsx";
import { ErrorBoundary } from "../components/ErrorBoundary.tsx";
import { reactErrors, reportPageErrors } from "./reportErrors.ts";

const LockScreen = lazy(async () => ({ default: (await import("./lazyPages.ts")).LockScreen }));

/** Until then, in milliseconds, a page that only says that it is loading would be a flicker. */
const NO_PLACEHOLDER_MS = 300;

reportPageErrors();
const isLocked = pageIsLocked();
const accountsAreKnown = !isLocked && takeKnownAccounts();
// Where there is something to draw without an answer, that comes first: the two would be in each other's way.
const connected = isLocked ? loadSettings() : subscribeStores(accountsAreKnown ? firstPaint() : Promise.resolve());
followTheme();
const root = document.getElementById("root");
if (root) {
  await speakLanguageOfPage();
  if (!accountsAreKnown) await Promise.race([connected, new Promise((resolve) => setTimeout(resolve, NO_PLACEHOLDER_MS))]);
  createRoot(root, reactErrors).render(
    <InLanguage>
      <ErrorBoundary>
        {isLocked ? (
          <Suspense>
            <LockScreen />
          </Suspense>
        ) : (
          <App />
        )}
      </ErrorBoundary>
    </InLanguage>,
  );
}
