import { useEffect, useState } from "react";
import type { RoomWithKeys } from "../../../shared/contract/roomKeys.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf, steward } from "../../bridge.ts";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { TextField } from "../../components/TextField.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { compareNames, t } from "../../i18n/index.ts";
import styles from "./RoomKeys.module.css";

/** So many rows are drawn; the filter finds the rest. */
const SHOWN = 200;

interface RoomChooserProps {
  readonly accountId: AccountId;
  readonly chosen: ReadonlySet<string>;
  readonly onChange: (chosen: ReadonlySet<string>) => void;
}

/** The rooms that there are keys of, to be chosen from. The list is asked for when this is first shown. */
export function RoomChooser({ accountId, chosen, onChange }: RoomChooserProps) {
  const [rooms, setRooms] = useState<readonly RoomWithKeys[] | null>(null);
  const [error, setError] = useState<AppError | null>(null);
  const [filter, setFilter] = useState("");
  useEffect(() => {
    let over = false;
    steward.roomKeys.rooms({ accountId }).then(
      (answer) => {
        if (!over) setRooms(answer.rooms.toSorted(byName));
      },
      (thrown: unknown) => {
        if (!over) setError(errorOf(thrown));
      },
    );
    return () => {
      over = true;
    };
  }, [accountId]);
  if (error) return <ErrorText error={error} />;
  if (!rooms) return <Skeleton label={t("roomKeys.roomsLoading")} lines={3} />;
  const found = rooms.filter((room) => matches(room, filter));
  const toggle = (roomId: string, take: boolean): void => {
    const next = new Set(chosen);
    if (take) next.add(roomId);
    else next.delete(roomId);
    onChange(next);
  };
  return (
    <div className={styles["rooms"]}>
      <TextField type="search" label={t("roomKeys.roomsFilter")} value={filter} onChange={setFilter} />
      <div className={styles["list"]} role="group" aria-label={t("roomKeys.roomsList")}>
        {found.slice(0, SHOWN).map((room) => (
          <div key={room.roomId} className={styles["room"]}>
            <Checkbox value={chosen.has(room.roomId)} onChange={(take) => toggle(room.roomId, take)}>
              <ServerText>{room.name ?? room.roomId}</ServerText>
            </Checkbox>
            <span className={styles["quiet"]}>{t("roomKeys.count", { count: Math.max(room.inBackup, room.here) })}</span>
          </div>
        ))}
        {found.length === 0 && <p className={styles["quiet"]}>{t("roomKeys.roomsNone")}</p>}
        {found.length > SHOWN && <p className={styles["quiet"]}>{t("roomKeys.roomsMore", { count: found.length - SHOWN })}</p>}
      </div>
      <p className={styles["quiet"]} role="status">
        {t("roomKeys.roomsChosen", { count: chosen.size })}
      </p>
    </div>
  );
}

/** Services with a name first. */
function byName(one: RoomWithKeys, other: RoomWithKeys): number {
  if ((one.name === null) !== (other.name === null)) return one.name === null ? 1 : -1;
  return compareNames(one.name ?? one.roomId, other.name ?? other.roomId);
}

function matches({ name, roomId }: RoomWithKeys, filter: string): boolean {
  const wanted = filter.trim().toLocaleLowerCase();
  return `${name ?? ""} ${roomId}`.toLocaleLowerCase().includes(wanted);
}
