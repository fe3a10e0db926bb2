import type { RoomActivity } from "../../../shared/contract/userServerData.ts";
import { Facts } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { t } from "../../i18n/index.ts";
import { userOtherRooms, userRoomActivity } from "../../stores/userServerData.ts";
import type { UserKey } from "../../stores/users.ts";
import { LoadedSection } from "../userServerData/LoadedSection.tsx";
import styles from "./Users.module.css";

/** How a user belongs to rooms that they have not joined, and what they did in rooms. */
export function UserMemberships({ userKey }: { readonly userKey: UserKey }) {
  return (
    <>
      <LoadedSection title={t("users.otherRooms")} store={userOtherRooms} userKey={userKey}>
        {({ rooms, total }) => (
          <>
            {total === 0 && <p className={styles["quiet"]}>{t("users.noOtherRooms")}</p>}
            {total > 0 && (
              <Rows label={t("users.otherRooms")}>
                {rooms.map(({ roomId, name, membership }) => (
                  <Row
                    key={roomId}
                    title={name ?? roomId}
                    text={[t(`users.memberships.${membership}`), name === null ? null : roomId].filter((fact) => fact !== null).join(" · ")}
                  />
                ))}
              </Rows>
            )}
            {total > rooms.length && <p className={styles["quiet"]}>{t("users.moreRooms", { count: total - rooms.length })}</p>}
          </>
        )}
      </LoadedSection>
      <LoadedSection title={t("users.roomActivity")} store={userRoomActivity} userKey={userKey}>
        {({ invitesSent, roomsJoined }) => (
          <Facts
            facts={[
              { name: t("users.invitesSent"), value: activityText(invitesSent) },
              { name: t("users.roomsJoined"), value: activityText(roomsJoined) },
            ]}
          />
        )}
      </LoadedSection>
    </>
  );
}

const activityText = (counts: RoomActivity["invitesSent"]): string =>
  counts === null ? t("userData.lacks") : t("users.activityCounts", counts);
