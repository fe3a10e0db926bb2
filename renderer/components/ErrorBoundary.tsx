import { Component, type ReactNode } from "react";
import { t } from "../i18n/index.ts";
import { Button } from "./Button.tsx";
import styles from "./ErrorBoundary.module.css";

interface ErrorBoundaryProps {
  readonly children: ReactNode;
  /** What is shown in place of what could not be drawn, given how to try again. */
  readonly fallback?: (tryAgain: () => void) => ReactNode;
}

/**
 * Shows something else where drawing has failed, instead of an empty window: a page that says so, unless `fallback` is
 * given. The error itself is told to main by `reactErrors`.
 */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    const { fallback = (tryAgain) => <FailedPage onTryAgain={tryAgain} /> } = this.props;
    return fallback(() => this.setState({ failed: false }));
  }
}

function FailedPage({ onTryAgain }: { readonly onTryAgain: () => void }) {
  return (
    <div className={styles["page"]} role="alert">
      <h1>{t("app.crashed")}</h1>
      <p>{t("app.crashedText")}</p>
      <Button look="primary" onPress={onTryAgain}>
        {t("app.reload")}
      </Button>
    </div>
  );
}
