import { t } from "../i18n/index.ts";
import { Button } from "./Button.tsx";

interface MineOrNotProps {
  readonly busy: boolean;
  readonly onMine: () => void;
  readonly onNotMine: () => void;
}

/** Whether it was the person: both answers, side by side. */
export function MineOrNot({ busy, onMine, onNotMine }: MineOrNotProps) {
  return (
    <>
      <Button small busy={busy} onPress={onMine}>
        {t("newSessions.mine")}
      </Button>
      <Button small onPress={onNotMine}>
        {t("newSessions.notMine")}
      </Button>
    </>
  );
}
