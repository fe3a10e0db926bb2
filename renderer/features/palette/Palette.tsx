import { Search } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Dialog as AriaDialog } from "react-aria-components/Dialog";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { ServerText } from "../../components/ServerText.tsx";
import { t } from "../../i18n/index.ts";
import { useAccountList } from "../../stores/accounts.ts";
import { isAdmin } from "../../stores/adminAccess.ts";
import { closeDialog } from "../../stores/dialogs.ts";
import styles from "./Palette.module.css";
import { performCommand } from "./paletteCommands.ts";
import { paletteItems, searchPalette, type PaletteItem } from "./paletteItems.ts";

/** More than this many rows nobody reads; typing one more letter is quicker. */
const SHOWN = 60;

/** Finds any account, page or action by typing a part of it. The focus stays in the field (ARIA pattern "combobox"). */
export function Palette() {
  const accounts = useAccountList();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const items = useMemo(() => paletteItems(accounts, isAdmin), [accounts]);
  const found = useMemo(() => searchPalette(items, query).slice(0, SHOWN), [items, query]);
  const chosen = found[Math.min(active, found.length - 1)];

  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setActive((now) => moved(Math.min(now, found.length - 1), step, found.length));
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing && chosen) {
      event.preventDefault();
      void performCommand(chosen.command);
    }
  };
  return (
    <ModalOverlay
      className={styles["overlay"] ?? ""}
      isOpen
      isDismissable
      onOpenChange={(open) => {
        if (!open) closeDialog();
      }}
    >
      <Modal className={styles["modal"] ?? ""}>
        <AriaDialog className={styles["dialog"] ?? ""} aria-label={t("palette.title")}>
          <div className={styles["field"]}>
            <Search size={18} aria-hidden />
            <input
              autoFocus
              role="combobox"
              aria-label={t("palette.field")}
              aria-expanded={found.length > 0}
              aria-controls="palette-results"
              aria-autocomplete="list"
              aria-activedescendant={chosen ? `palette-${chosen.id}` : undefined}
              placeholder={t("palette.field")}
              spellCheck={false}
              value={query}
              onChange={(event) => {
                setQuery(event.target.value);
                setActive(0);
              }}
              onKeyDown={onKeyDown}
            />
          </div>
          <Results found={found} chosen={chosen} onPoint={setActive} />
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ResultsProps {
  readonly found: readonly PaletteItem[];
  readonly chosen: PaletteItem | undefined;
  readonly onPoint: (index: number) => void;
}

function Results({ found, chosen, onPoint }: ResultsProps) {
  const list = useRef<HTMLUListElement>(null);
  const chosenId = chosen?.id;
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosenId]);
  return (
    <>
      <span className="visuallyHidden" role="status">
        {found.length === 0 ? t("palette.none") : t("palette.count", { count: found.length })}
      </span>
      {found.length === 0 && (
        <p className={styles["none"]} aria-hidden>
          {t("palette.none")}
        </p>
      )}
      <ul ref={list} className={styles["results"]} role="listbox" id="palette-results" aria-label={t("palette.results")}>
        {found.map((item, index) => (
          <li
            key={item.id}
            id={`palette-${item.id}`}
            role="option"
            aria-selected={item.id === chosenId}
            className={styles["item"]}
            onPointerMove={() => onPoint(index)}
            onClick={() => void performCommand(item.command)}
          >
            <span className={styles["text"]}>
              <ServerText>{item.text}</ServerText>
            </span>
            {item.detail && (
              <span className={styles["detail"]}>
                <ServerText>{item.detail}</ServerText>
              </span>
            )}
            <span className={styles["group"]}>{t(`palette.group.${item.group}`)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** One row on or back goes round at the ends; a page stops there. */
function moved(from: number, step: number, count: number): number {
  if (count === 0) return 0;
  if (Math.abs(step) === 1) return (from + step + count) % count;
  return Math.max(0, Math.min(count - 1, from + step));
}
