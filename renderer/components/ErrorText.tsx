import { useEffect, useState, type ReactNode } from "react";
import type { AppError } from "../../shared/errors.ts";
import { steward } from "../bridge.ts";
import { durationText, errorWords, t } from "../i18n/index.ts";
import { Button } from "./Button.tsx";
import { Notice } from "./Notice.tsx";

interface ErrorTextProps {
  readonly error: AppError;
  readonly actions?: ReactNode;
  /** What a wrong password is called where there is no name to be wrong. */
  readonly wrongCredentials?: string;
}

/** What went wrong, in a sentence, and what to do next. */
export function ErrorText({ error, actions, wrongCredentials }: ErrorTextProps) {
  const { sentence, next } =
    wrongCredentials && error.kind === "wrong_credentials" ? { sentence: wrongCredentials, next: null } : errorWords(error);
  const chosen = error.kind === "cancelled" || error.kind === "challenge_cancelled";
  const terms = error.kind === "consent_required" ? error.url : null;
  return (
    <Notice
      tone={chosen ? "info" : "error"}
      live
      actions={
        terms?.startsWith("https://") ? (
          <>
            <Button onPress={() => void steward.app.openExternal({ url: terms })}>{t("common.readTerms")}</Button>
            {actions}
          </>
        ) : (
          actions
        )
      }
    >
      {sentence} {error.kind === "rate_limited" ? <Countdown milliseconds={error.retryAfterMs} /> : next}
    </Notice>
  );
}

/**
 * How long a server wants to be left alone, counting down. It is hidden from screen readers until it is over: they
 * would read every second.
 */
export function Countdown({ milliseconds }: { readonly milliseconds: number }) {
  const [end] = useState(() => Date.now() + milliseconds);
  const [left, setLeft] = useState(milliseconds);
  useEffect(() => {
    const timer = setInterval(() => {
      const rest = end - Date.now();
      setLeft(rest);
      if (rest <= 0) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [end]);
  return left > 0 ? (
    <>
      <span aria-hidden>{t("rateLimit.wait", { time: durationText(left) })}</span>
      <span className="visuallyHidden">{t("rateLimit.wait", { time: durationText(milliseconds) })}</span>
    </>
  ) : (
    <span>{t("rateLimit.now")}</span>
  );
}
