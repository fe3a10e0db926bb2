import { createContext, useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Form as AriaForm } from "react-aria-components/Form";
import styles from "./Form.module.css";
import { Notice } from "./Notice.tsx";

interface FormProps {
  /** For a button outside of it, as a dialog's are: `<Button type="submit" form={id}>`. */
  readonly id?: string;
  /** Called where everything in it fits. Nothing leaves the window by submitting it. */
  readonly onSubmit: () => void;
  /** Another number makes it a form that was never handed in: after what was typed has been used up. */
  readonly round?: number;
  readonly children: ReactNode;
}

interface Submitted {
  /** It was handed in once, so that what is wrong is said from now on. */
  readonly tried: boolean;
  /** Keeps it from being handed in, until the function that is answered is called. */
  readonly refuse: () => () => void;
}

const SubmittedContext = createContext<Submitted | null>(null);

/**
 * Keeps the form around it from being handed in for as long as `invalid`, and answers whether that is to be said: not while a person
 * fills it in for the first time, but once they have handed it in.
 */
export function useInvalid(invalid: boolean): boolean {
  const form = useContext(SubmittedContext);
  const refuse = form?.refuse;
  // With the drawing, not after it: the next key may be Enter.
  useLayoutEffect(() => (invalid ? refuse?.() : undefined), [invalid, refuse]);
  return invalid && form?.tried === true;
}

/**
 * A form whose parts stand below each other. What is wrong in it is said by its parts, by `validate` and `isRequired`, once it is handed
 * in; until then, and while something is wrong, `onSubmit` isn't called. The first part that is wrong, also by what main answers, gets
 * the focus, and what is wrong with it is read.
 */
export function Form({ id, onSubmit, round = 0, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const status = useRef<HTMLDivElement>(null);
  const invalidParts = useRef(0);
  const looksForProblem = useRef(false);
  const [submits, setSubmits] = useState({ round, count: 0 });
  const tried = submits.round === round && submits.count > 0;
  const refuse = useCallback(() => {
    invalidParts.current += 1;
    return () => {
      invalidParts.current -= 1;
    };
  }, []);
  const submitted = useMemo(() => ({ tried, refuse }), [tried, refuse]);
  const say = (text: string): void => {
    if (status.current) status.current.textContent = text;
  };
  useEffect(() => {
    const typed = (): void => {
      looksForProblem.current = false;
      say("");
    };
    const element = form.current;
    element?.addEventListener("input", typed);
    return () => element?.removeEventListener("input", typed);
  }, []);
  // After every drawing: what main answers is there some drawings later.
  useEffect(() => {
    const part = looksForProblem.current ? form.current?.querySelector<HTMLElement>("[aria-invalid=true]") : null;
    if (!part) return;
    looksForProblem.current = false;
    // A group of choices has no focus of its own.
    const field = part.role === "radiogroup" ? (part.querySelector<HTMLElement>("input:checked") ?? part.querySelector("input")) : part;
    // A screen reader says nothing new of a field that has the focus already.
    if (field === document.activeElement) say(problemOf(part));
    else field?.focus();
  });
  return (
    <AriaForm
      ref={form}
      {...(id === undefined ? {} : { id })}
      className={styles["form"] ?? ""}
      validationBehavior="aria"
      onSubmit={(event) => {
        event.preventDefault();
        looksForProblem.current = true;
        setSubmits(({ count }) => ({ round, count: count + 1 }));
        if (invalidParts.current === 0) onSubmit();
      }}
    >
      <SubmittedContext.Provider value={submitted}>{children}</SubmittedContext.Provider>
      <div className="visuallyHidden" role="status" ref={status} />
    </AriaForm>
  );
}

/** What is said to be wrong with a field. */
function problemOf(field: HTMLElement): string {
  return field.parentElement?.closest("[data-invalid]")?.querySelector("[slot=errorMessage]")?.textContent ?? "";
}

/** What is wrong with a form, where that is more than a field; read aloud once it was handed in. Until then nothing is shown. */
export function FormProblem({ when, children }: { readonly when: boolean; readonly children: ReactNode }) {
  const isSaid = useInvalid(when);
  return (
    isSaid && (
      <Notice tone="error" live>
        {children}
      </Notice>
    )
  );
}
