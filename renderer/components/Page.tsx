import { useEffect, useRef, useState, type ReactNode } from "react";
import { FormContext } from "react-aria-components/Form";
import { t } from "../i18n/index.ts";
import { useRoutes } from "../stores/routes.ts";
import { classNames } from "./classNames.ts";
import styles from "./Page.module.css";

interface PageProps {
  readonly title: string;
  readonly subtitle?: ReactNode;
  /** Uses the whole width, for tables. */
  readonly wide?: boolean;
  /** Buttons beside the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page: its title gets the focus when the person comes here from another page. */
export function Page({ title, subtitle, wide, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const moves = useRoutes((state) => state.moves);
  useEffect(() => {
    if (moves > 0) heading.current?.focus();
  }, [moves]);
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title]);
  return (
    <div className={classNames(styles["page"], !wide && styles["narrow"])}>
      <header className={styles["header"]}>
        <div className={styles["titles"]}>
          <h1 className={styles["title"]} title={title} ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {subtitle && <p className={styles["subtitle"]}>{subtitle}</p>}
        </div>
        {actions && <div className={styles["actions"]}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Gives the focus to the page's title, where what had it is gone from the page. */
export function focusPageTitle(): void {
  document.querySelector<HTMLElement>("main h1")?.focus();
}

/** A part of a page with a heading of its own. */
export function Section({
  title,
  children,
  actions,
}: {
  readonly title: string;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <section className={styles["section"]}>
      <div className={styles["sectionHead"]}>
        <h2 className={styles["sectionTitle"]}>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** A list of facts: a name and a value each. */
export function Facts({ facts }: { readonly facts: readonly { readonly name: string; readonly value: ReactNode }[] }) {
  return (
    <dl className={styles["facts"]}>
      {facts.map(({ name, value }) => (
        <div key={name} className={styles["fact"]}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/**
 * A form whose parts stand below each other. Nothing leaves the window by submitting it. Where something in it is wrong once it is
 * handed in, also by what main answers, the first such field gets the focus, and what is wrong with it is read.
 */
export function Form({ onSubmit, children }: { readonly onSubmit: () => void; readonly children: ReactNode }) {
  const form = useRef<HTMLFormElement>(null);
  const status = useRef<HTMLDivElement>(null);
  const looksForProblem = useRef(false);
  const [, setSubmits] = useState(0);
  const say = (text: string): void => {
    if (status.current) status.current.textContent = text;
  };
  // After every drawing: what main answers is there some drawings later.
  useEffect(() => {
    const field = looksForProblem.current ? form.current?.querySelector<HTMLElement>("[aria-invalid=true]") : null;
    if (!field) return;
    looksForProblem.current = false;
    // A screen reader says nothing new of a field that has the focus already.
    if (field === document.activeElement) say(problemOf(field));
    else field.focus();
  });
  return (
    <FormContext.Provider value={VALIDATED_HERE}>
      <form
        ref={form}
        className={styles["form"]}
        noValidate
        onInput={() => {
          looksForProblem.current = false;
          say("");
        }}
        onSubmit={(event) => {
          event.preventDefault();
          looksForProblem.current = true;
          setSubmits((before) => before + 1);
          onSubmit();
        }}
      >
        {children}
        <div className="visuallyHidden" role="status" ref={status} />
      </form>
    </FormContext.Provider>
  );
}

/** Fields say what is wrong by themselves, and the browser does not. */
const VALIDATED_HERE = { validationBehavior: "aria" } as const;

/** What is said to be wrong with a field. */
function problemOf(field: HTMLElement): string {
  return field.parentElement?.closest("[data-invalid]")?.querySelector("[slot=errorMessage]")?.textContent ?? "";
}

/** Buttons side by side, the most important first; `end` stands at the far end. */
export function Buttons({ children, end }: { readonly children: ReactNode; readonly end?: ReactNode }) {
  return (
    <div className={styles["buttons"]}>
      {children}
      {end && <span className={styles["end"]}>{end}</span>}
    </div>
  );
}
