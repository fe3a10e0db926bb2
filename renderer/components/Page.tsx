import { useEffect, useRef, type ReactNode } from "react";
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

/** Buttons side by side, the most important first; `end` stands at the far end. */
export function Buttons({ children, end }: { readonly children: ReactNode; readonly end?: ReactNode }) {
  return (
    <div className={styles["buttons"]}>
      {children}
      {end && <span className={styles["end"]}>{end}</span>}
    </div>
  );
}
