import { Search } from "lucide-react";
import styles from "./SearchField.module.css";

interface SearchFieldProps {
  /** What is searched; screen readers say it. */
  readonly label: string;
  /** What may be typed; the label unless said otherwise. */
  readonly placeholder?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A field that narrows a list while one types. */
export function SearchField({ label, placeholder = label, value, onChange }: SearchFieldProps) {
  return (
    <label className={styles["search"]}>
      <span className="visuallyHidden">{label}</span>
      <Search size={16} aria-hidden />
      <input type="search" value={value} placeholder={placeholder} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
