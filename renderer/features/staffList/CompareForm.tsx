import { useState } from "react";
import type { StaffList, StaffServer } from "../../../shared/contract/staffList.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons } from "../../components/Page.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Table } from "../../components/Table.tsx";
import { SelectField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, numberText, t } from "../../i18n/index.ts";
import { likelyServers } from "../../stores/staffList.ts";
import styles from "./StaffList.module.css";
import { GROUPS } from "./staffWords.ts";

const DAYS = ["30", "90", "180", "365"] as const;

/** Which servers the list is for, and how they differ from it. */
export function CompareForm({ list }: { readonly list: StaffList }) {
  const { listId, servers } = list;
  const [wanted, setWanted] = useState<ReadonlySet<string>>(() => new Set(likelyServers(list)));
  const [unseen, setUnseen] = useState<string>("90");
  const accountIds = servers.map(({ accountId }) => accountId).filter((accountId) => wanted.has(accountId));
  const compare = useAction(() => steward.staffList.compare({ listId, accountIds, unseenDays: Number(unseen) }));
  const choose = ({ accountId }: StaffServer, yes: boolean): void => {
    const now = new Set(wanted);
    if (yes) now.add(accountId);
    else now.delete(accountId);
    setWanted(now);
  };
  return (
    <>
      <Table
        label={t("staffList.servers")}
        rows={servers}
        keyOf={({ accountId }) => accountId}
        cards
        columns={[
          { id: "server", name: t("servers.server") },
          { id: "listed", name: t("staffList.listed") },
          { id: "state", name: t("users.columns.states") },
          ...GROUPS.slice(0, 4).map((group) => ({ id: group, name: t(`staffList.group.${group}`) })),
        ]}
        cells={(server) => [
          <label key="server" className={styles["who"]}>
            <input type="checkbox" checked={wanted.has(server.accountId)} onChange={(event) => choose(server, event.target.checked)} />
            <ServerText>{server.serverName}</ServerText>
          </label>,
          numberText(server.listed),
          <State key="state" list={list} server={server} />,
          ...GROUPS.slice(0, 4).map((group) => (server.result ? numberText(server.result.counts[group]) : "–")),
        ]}
      />
      <div className={styles["how"]}>
        <SelectField
          label={t("staffList.unseen")}
          value={unseen}
          onChange={setUnseen}
          options={DAYS.map((days) => ({ value: days, text: t("staffList.days", { count: Number(days) }) }))}
        />
      </div>
      {accountIds.length === 0 && <p className={styles["quiet"]}>{t("staffList.chooseServers")}</p>}
      {compare.error && <ErrorText error={compare.error} />}
      <Buttons>
        <Button look="primary" isDisabled={accountIds.length === 0} busy={compare.busy} onPress={() => void compare.run()}>
          {t("staffList.compare")}
        </Button>
      </Buttons>
    </>
  );
}

/** How far one server has been compared. */
function State({ list: { listId }, server }: { readonly list: StaffList; readonly server: StaffServer }) {
  const { accountId, serverName, status, progress, result, error } = server;
  const stop = useAction(() => steward.staffList.stop({ listId, accountId }));
  switch (status) {
    case "waiting":
      return <span className={styles["quiet"]}>{t("staffList.waiting")}</span>;
    case "failed":
      return error && <ErrorText error={error} />;
    case "compared":
      return <span className={styles["quiet"]}>{t("staffList.comparedAt", { time: momentText(result?.comparedAt ?? 0) })}</span>;
    case "comparing":
      return (
        <span className={styles["state"]}>
          <progress
            aria-label={t("staffList.comparing", { server: serverName })}
            {...(progress.total === null ? {} : { max: Math.max(1, progress.total), value: progress.done })}
          />
          <Button small aria-label={t("staffList.stopFor", { server: serverName })} onPress={() => void stop.run()}>
            {t("staffList.stop")}
          </Button>
        </span>
      );
  }
}
