import { Button } from "../../components/Button.tsx";
import { t } from "../../i18n/index.ts";
import styles from "./Bulk.module.css";
import { PAGE } from "./usePage.ts";

interface PagerProps {
  readonly from: number;
  readonly total: number;
  readonly onChange: (from: number) => void;
}

/** Moves through a list page by page; nothing where there is one page alone. */
export function Pager({ from, total, onChange }: PagerProps) {
  if (total <= PAGE) return null;
  return (
    <div className={styles["pager"]}>
      <span>{t("bulk.page", { first: from + 1, last: Math.min(from + PAGE, total), total })}</span>
      <Button small isDisabled={from === 0} onPress={() => onChange(Math.max(0, from - PAGE))}>
        {t("bulk.previous")}
      </Button>
      <Button small isDisabled={from + PAGE >= total} onPress={() => onChange(from + PAGE)}>
        {t("bulk.next")}
      </Button>
    </div>
  );
}
