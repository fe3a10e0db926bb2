import styles from "./FilterButtons.module.css";

interface FilterButtonsProps<T extends string> {
  /** What they choose among, for screen readers. */
  readonly label: string;
  readonly choices: readonly T[];
  readonly chosen: T;
  readonly textOf: (choice: T) => string;
  readonly onChoose: (choice: T) => void;
}

/** Which part of a list is shown: one button for each, one of them pressed. */
export function FilterButtons<T extends string>({ label, choices, chosen, textOf, onChoose }: FilterButtonsProps<T>) {
  return (
    <div className={styles["buttons"]} role="group" aria-label={label}>
      {choices.map((choice) => (
        <button key={choice} type="button" className={styles["button"]} aria-pressed={choice === chosen} onClick={() => onChoose(choice)}>
          {textOf(choice)}
        </button>
      ))}
    </div>
  );
}
