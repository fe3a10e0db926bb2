import styles from "./Spinner.module.css";

/** Shows that something is under way. What it is must be said in text beside it. */
export function Spinner() {
  return <span className={styles["spinner"]} aria-hidden />;
}

/** Grey bars in the place of text that is still to come. `label` is what a screen reader is told. */
export function Skeleton({ lines = 3, label }: { readonly lines?: number; readonly label: string }) {
  return (
    <div role="status" className={styles["skeleton"]}>
      <span className="visuallyHidden">{label}</span>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} className={styles["bar"]} aria-hidden />
      ))}
    </div>
  );
}
