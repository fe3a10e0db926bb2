import { Component, type ReactNode } from "react";
import { Button } from "../components/Button.tsx";
import { t } from "../i18n/index.ts";
import styles from "./App.module.css";

/** Shows a page of its own when drawing one has failed, instead of an empty window. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div className={styles["crashed"]} role="alert">
        <h1>{t("app.crashed")}</h1>
        <p>{t("app.crashedText")}</p>
        <Button look="primary" onPress={() => this.setState({ failed: false })}>
          {t("app.reload")}
        </Button>
      </div>
    );
  }
}
