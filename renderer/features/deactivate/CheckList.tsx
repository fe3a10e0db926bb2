import { Crown, KeyRound, Mail } from "lucide-react";
import { useEffect } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { DeactivationPreview, RoomsCheck } from "../../../shared/contract/deactivation.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { checkRoomsAgain, roomsChecks } from "../../stores/deactivation.ts";
import { go } from "../../stores/routes.ts";
import styles from "./Deactivate.module.css";

interface CheckListProps {
  readonly account: Account;
  readonly preview: DeactivationPreview;
}

/** What is better done while the account is still there. */
export function CheckList({ account: { accountId }, preview: { roomKeys, addresses } }: CheckListProps) {
  const emails = addresses?.map(({ address }) => address) ?? [];
  return (
    <Section title={t("deactivate.before")}>
      <Rows label={t("deactivate.before")}>
        <Row
          icon={<KeyRound size={17} aria-hidden />}
          title={t("deactivate.keys")}
          text={roomKeysText(roomKeys)}
          end={
            roomKeys !== 0 && (
              <Button small onPress={() => go({ name: "account", accountId, page: "roomKeys" })}>
                {t("deactivate.export")}
              </Button>
            )
          }
        />
        <Row
          icon={<Mail size={17} aria-hidden />}
          title={t("deactivate.addresses")}
          text={
            addresses === null
              ? t("deactivate.addressesUnknown")
              : emails.length === 0
                ? t("deactivate.addressesNone")
                : t("deactivate.addressesText", { addresses: emails.join(", ") })
          }
          end={
            emails.length > 0 && (
              <Button small onPress={() => go({ name: "account", accountId, page: "passwordAndRecovery" })}>
                {t("deactivate.removeAddresses")}
              </Button>
            )
          }
        />
        <RoomsRow accountId={accountId} />
      </Rows>
      <RoomsFound accountId={accountId} />
    </Section>
  );
}

function RoomsRow({ accountId }: Pick<Account, "accountId">) {
  const { answer: check, error } = roomsChecks.use(accountId);
  useEffect(() => void roomsChecks.load(accountId), [accountId]);
  const again = useAction(() => checkRoomsAgain(accountId));
  const stop = useAction(() => steward.deactivation.stopRooms({ accountId }));
  const checking = check?.status === "checking";
  return (
    <Row
      icon={<Crown size={17} aria-hidden />}
      title={t("deactivate.rooms")}
      text={check && !error ? roomsText(check) : t("deactivate.roomsNotLooked")}
      end={
        checking ? (
          <Button small onPress={() => void stop.run()}>
            {t("deactivate.roomsSkip")}
          </Button>
        ) : (
          <Button small busy={again.busy} onPress={() => void again.run()}>
            {t("deactivate.roomsAgain")}
          </Button>
        )
      }
    />
  );
}

function RoomsFound({ accountId }: Pick<Account, "accountId">) {
  const { answer: check, error } = roomsChecks.use(accountId);
  const failure = error ?? check?.error;
  return (
    <>
      {failure && <ErrorText error={failure} />}
      {check && check.rooms.length > 0 && (
        <ul className={styles["list"]} aria-label={t("deactivate.roomsFoundLabel")}>
          {check.rooms.map(({ roomId, name, others }) => (
            <li key={roomId}>
              <ServerText>{name ?? roomId}</ServerText> · {t("deactivate.others", { count: others })}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function roomKeysText(count: number | null): string {
  if (count === null) return t("deactivate.keysUnknown");
  return count === 0 ? t("deactivate.keysNone") : t("deactivate.keysText", { count });
}

function roomsText({ status, checked, total, unknown, rooms }: RoomsCheck): string {
  if (status === "checking") return t("deactivate.roomsChecking", { checked, count: total });
  if (status !== "done") return t("deactivate.roomsNotLooked");
  const found = rooms.length === 0 ? t("deactivate.roomsNone") : t("deactivate.roomsFound", { count: rooms.length });
  return unknown === 0 ? found : `${found} ${t("deactivate.roomsUnknown", { count: unknown })}`;
}
