import "@fontsource-variable/inter/wght.css";
import "./tokens.css";
import "./base.css";
import "./laterStyles.ts";
import { createRoot } from "react-dom/client";
import { connectStores } from "../stores/connect.ts";
import { followTheme } from "../stores/settings.ts";
import { App } from "./App.tsx";
import { ErrorBoundary } from "./ErrorBoundary.tsx";

// The questions are under way before anything is drawn.
connectStores();
followTheme();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <ErrorBoundary>
      <App />
    </ErrorBoundary>,
  );
}
