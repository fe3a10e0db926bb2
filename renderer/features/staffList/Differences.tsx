import { useState } from "react";
import type { StaffDifference, StaffGroup, StaffList, StaffResult, StaffServer } from "../../../shared/contract/staffList.ts";
import type { AppError } from "../../../shared/errors.ts";
import { errorOf, steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { FilterButtons } from "../../components/FilterButtons.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { prepareStaffJob } from "../../stores/staffList.ts";
import { LongTable } from "../bulk/LongTable.tsx";
import styles from "./StaffList.module.css";
import { GROUPS, staffDetails, staffVerdict } from "./staffWords.ts";

/** Who is otherwise on the servers than on the list, a server and a group at a time. */
export function Differences({ list }: { readonly list: StaffList }) {
  const compared = list.servers.filter(({ result }) => result !== null);
  const [chosen, setChosen] = useState<string | null>(null);
  const server = compared.find(({ accountId }) => accountId === chosen) ?? compared[0];
  if (server?.result == null) return null;
  return (
    <Section title={t("staffList.differences", { server: server.serverName })}>
      {compared.length > 1 && (
        <FilterButtons
          label={t("servers.server")}
          choices={compared.map(({ accountId }) => accountId)}
          chosen={server.accountId}
          textOf={(accountId) => compared.find((one) => one.accountId === accountId)?.serverName ?? ""}
          onChoose={setChosen}
        />
      )}
      <OnServer key={server.accountId} list={list} server={server} result={server.result} />
    </Section>
  );
}

interface OnServerProps {
  readonly list: StaffList;
  readonly server: StaffServer;
  readonly result: StaffResult;
}

function OnServer({ list, server, result }: OnServerProps) {
  const { counts, same, leftOut, allRead, namesOnly } = result;
  const [group, setGroup] = useState<StaffGroup>(() => GROUPS.find((one) => counts[one] > 0) ?? "missing");
  return (
    <>
      <p className={styles["quiet"]}>
        {t("staffList.same", { count: same })} {leftOut > 0 && t("staffList.leftOut", { count: leftOut })}
      </p>
      {namesOnly && <Notice tone="info">{t("staffList.namesOnly")}</Notice>}
      <FilterButtons
        label={t("bulk.show")}
        choices={GROUPS.filter((one) => one !== "unusable" || counts[one] > 0)}
        chosen={group}
        textOf={(one) => t("staffList.groupCount", { group: t(`staffList.group.${one}`), count: counts[one] })}
        onChoose={setGroup}
      />
      <p className={styles["quiet"]}>{t(`staffList.groupText.${group}`)}</p>
      {group === "extra" && !allRead && counts.extra > 0 && <Notice tone="warn">{t("staffList.notAllRead")}</Notice>}
      {counts[group] > 0 && <Group key={group} list={list} server={server} result={result} group={group} />}
    </>
  );
}

/** Those of one group: chosen, and what can be done about them. */
function Group({ list, server, result, group }: OnServerProps & { readonly group: StaffGroup }) {
  const { accountId, revision } = server;
  const one = { listId: list.listId, accountId, group };
  const offers = result.offers.filter((offer) => offer.group === group && (offer.count > 0 || group !== "inactive"));
  const [refused, setRefused] = useState<AppError | null>(null);
  // One after another, as quickly as the person ticks them: main tells what came of it.
  const choose = (numbers: number[] | null, chosen: boolean): void => {
    setRefused(null);
    steward.staffList.choose({ ...one, numbers, chosen }).catch((thrown: unknown) => setRefused(errorOf(thrown)));
  };
  const prepare = useAction((action: (typeof offers)[number]["action"]) => prepareStaffJob(list, accountId, { group, action }));
  const problem = refused ?? prepare.error;
  const isChoosable = group !== "unusable";
  return (
    <>
      {isChoosable && (
        <Buttons>
          {offers.map(({ action, count }) => (
            <Button key={action} isDisabled={count === 0} busy={prepare.busy} onPress={() => void prepare.run(action)}>
              {t(`staffList.do.${action}`, { count })}
            </Button>
          ))}
          <Button onPress={() => choose(null, true)}>{t("staffList.chooseAll")}</Button>
          <Button onPress={() => choose(null, false)}>{t("staffList.chooseNone")}</Button>
        </Buttons>
      )}
      {problem && <ErrorText error={problem} />}
      <LongTable<StaffDifference>
        label={t(`staffList.group.${group}`)}
        numberName={t("bulk.line")}
        {...(isChoosable && { chooseName: t("staffList.choose") })}
        ask={(from, limit) => steward.staffList.rows({ ...one, from, limit })}
        version={`${result.comparedAt} ${revision}`}
        cells={(row) => ({
          choose: row.chosen !== null && (
            <input
              type="checkbox"
              aria-label={t("users.choose", { name: row.name })}
              checked={row.chosen}
              onChange={(event) => choose([row.number], event.target.checked)}
            />
          ),
          number: row.line,
          user: (
            <span>
              {row.displayName !== null && <ServerText>{row.displayName}</ServerText>}
              <ServerText>{row.name}</ServerText>
            </span>
          ),
          what: <Pill {...staffVerdict(row, group)} />,
          why: staffDetails(row, group),
        })}
      />
    </>
  );
}
