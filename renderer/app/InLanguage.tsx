import { type ReactNode, useEffect, useRef } from "react";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { componentLocale } from "../i18n/language.ts";
import { useSettings } from "../stores/settings.ts";

/** Draws all of the window again when it is to speak another language; what was being typed elsewhere is gone then. */
export function InLanguage({ children }: { readonly children: ReactNode }) {
  const language = useSettings((state) => state.language);
  const drawn = useRef(language);
  useEffect(() => {
    if (drawn.current === language) return;
    drawn.current = language;
    // What had the focus was drawn away: the choice that was made in Settings, most likely.
    const choice = document.querySelector<HTMLElement>("[data-language-choice] input:checked");
    (choice ?? document.getElementById("page"))?.focus();
  }, [language]);
  return (
    <I18nProvider key={language} locale={componentLocale()}>
      {children}
    </I18nProvider>
  );
}
