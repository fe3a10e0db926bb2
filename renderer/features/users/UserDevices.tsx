import { LogOut } from "lucide-react";
import { useEffect, useState } from "react";
import type { ListedDevice, User, UserDevice } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Menu } from "../../components/Menu.tsx";
import { Section } from "../../components/Page.tsx";
import { RenameSession } from "../../components/RenameSession.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { type UserKey, userDevices, userKey } from "../../stores/users.ts";
import { PruneDialog } from "./PruneDialog.tsx";
import styles from "./Users.module.css";

interface UserDevicesProps {
  readonly accountId: AccountId;
  readonly user: User;
  /** Another service makes and ends the sessions. */
  readonly delegated: boolean;
}

/** Those that were seen last; nobody reads on. */
const MAX_SHOWN = 100;

const nameOf = ({ name, deviceId }: UserDevice): string => name ?? deviceId;

/** Where a user is signed in. */
export function UserDevices({ accountId, user: { userId }, delegated }: UserDevicesProps) {
  const key = userKey(accountId, userId);
  const { answer: devices, error } = userDevices.use(key);
  useEffect(() => void userDevices.load(key), [key]);
  const others = (devices ?? []).filter(({ own }) => !own);
  const [renaming, setRenaming] = useState<UserDevice | null>(null);
  const [leaving, setLeaving] = useState<readonly UserDevice[] | null>(null);
  const [pruning, setPruning] = useState(false);
  const shown = (devices ?? []).slice(0, MAX_SHOWN);
  const factsOf = ({ deviceId, lastSeenAt, lastSeenIp, own }: ListedDevice): string =>
    [
      own ? t("users.deviceOfSteward") : null,
      lastSeenAt === null ? t("users.deviceSeenUnknown") : t("sessions.seen", { when: momentText(lastSeenAt) }),
      lastSeenIp,
      deviceId,
    ]
      .filter((fact) => fact !== null)
      .join(" · ");
  return (
    <Section
      title={t("users.devices")}
      actions={
        others.length > 0 &&
        !delegated && (
          <span className={styles["pills"]}>
            {others.length > 1 && (
              <Button small onPress={() => setPruning(true)}>
                {t("users.prune")}
              </Button>
            )}
            <Button small icon={LogOut} onPress={() => setLeaving(others)}>
              {t(others.length === devices?.length ? "users.signOutAll" : "users.signOutOthers")}
            </Button>
          </span>
        )
      }
    >
      {error && <ErrorText error={error} actions={<Button onPress={() => void userDevices.load(key)}>{t("common.retry")}</Button>} />}
      {!devices && !error && <Skeleton label={t("app.loading")} lines={2} />}
      {devices?.length === 0 && <p className={styles["quiet"]}>{t("users.noDevices")}</p>}
      {shown.length > 0 && (
        <Rows label={t("users.devices")}>
          {shown.map((device) => (
            <Row
              key={device.deviceId}
              title={nameOf(device)}
              text={factsOf(device)}
              end={
                <Menu
                  label={t("sessions.more", { name: nameOf(device) })}
                  items={[
                    { id: "rename", text: t("sessions.rename"), onChoose: () => setRenaming(device) },
                    ...(delegated || device.own
                      ? []
                      : [{ id: "signOut", text: t("sessions.signOutOne"), onChoose: () => setLeaving([device]) }]),
                  ]}
                />
              }
            />
          ))}
        </Rows>
      )}
      {devices !== null && devices.length > MAX_SHOWN && (
        <p className={styles["quiet"]}>{t("users.moreDevices", { count: devices.length - MAX_SHOWN })}</p>
      )}
      {renaming && (
        <DialogBoundary onClose={() => setRenaming(null)}>
          <RenameSession
            name={renaming.name}
            rename={async (name) => {
              const { devices } = await steward.users.renameDevice({ accountId, userId, deviceId: renaming.deviceId, name });
              userDevices.set(key, devices);
            }}
            onClose={() => setRenaming(null)}
          />
        </DialogBoundary>
      )}
      {pruning && (
        <DialogBoundary onClose={() => setPruning(false)}>
          <PruneDialog
            devices={others}
            onClose={() => setPruning(false)}
            onChosen={(old) => {
              setPruning(false);
              setLeaving(old);
            }}
          />
        </DialogBoundary>
      )}
      {leaving && (
        <DialogBoundary onClose={() => setLeaving(null)}>
          <SignOutDialog accountId={accountId} userId={userId} userDevicesKey={key} leaving={leaving} onClose={() => setLeaving(null)} />
        </DialogBoundary>
      )}
    </Section>
  );
}

interface DeviceDialogProps {
  readonly accountId: AccountId;
  readonly userId: string;
  readonly userDevicesKey: UserKey;
  readonly onClose: () => void;
}

function SignOutDialog({
  accountId,
  userId,
  userDevicesKey,
  leaving,
  onClose,
}: DeviceDialogProps & { readonly leaving: readonly UserDevice[] }) {
  const count = leaving.length;
  const [only] = leaving;
  const signOut = useAction(async () => {
    const deviceIds = leaving.map(({ deviceId }) => deviceId);
    try {
      userDevices.set(userDevicesKey, (await steward.users.signOutDevices({ accountId, userId, deviceIds })).devices);
    } catch (thrown) {
      userDevices.reload(userDevicesKey);
      throw thrown;
    }
    announce(() => t("sessions.signedOut", { count }));
    onClose();
  });
  return (
    <Dialog
      alert
      title={count === 1 && only ? t("sessions.signOutTitleOne", { name: nameOf(only) }) : t("sessions.signOutTitle", { count })}
      onClose={onClose}
      actions={
        <>
          <Button look="danger" busy={signOut.busy} onPress={() => void signOut.run()}>
            {t("sessions.signOutConfirm", { count })}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{t("sessions.signOutCost", { count })}</p>
      {signOut.error && <ErrorText error={signOut.error} />}
    </Dialog>
  );
}
