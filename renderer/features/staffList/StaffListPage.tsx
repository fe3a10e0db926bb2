import { FileUp, ListChecks } from "lucide-react";
import { useState } from "react";
import type { StaffList } from "../../../shared/contract/staffList.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Page, Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useAdministered } from "../../stores/administered.ts";
import { go } from "../../stores/routes.ts";
import { chooseStaffFile, useStaffList } from "../../stores/staffList.ts";
import { ColumnsForm } from "../bulk/ColumnsForm.tsx";
import { CompareForm } from "./CompareForm.tsx";
import { Differences } from "./Differences.tsx";
import styles from "./StaffList.module.css";

/** A list of the people who should be there, held against the users of all homeservers that accounts here are admins of. */
export function StaffListPage() {
  const accounts = useAdministered();
  const { list } = useStaffList();
  const ids = accounts.map(({ accountId }) => accountId);
  if (list !== null) {
    return (
      <Page title={t("staffList.title")} subtitle={list.fileName} wide>
        <OpenList key={list.listId} list={list} accountIds={ids} />
      </Page>
    );
  }
  return (
    <Page title={t("staffList.title")} subtitle={t("staffList.subtitle")} wide>
      {accounts.length === 0 ? (
        <EmptyState
          icon={ListChecks}
          title={t("servers.none")}
          text={t("servers.noneText")}
          action={<Button onPress={() => go({ name: "all" })}>{t("nav.allAccounts")}</Button>}
        />
      ) : (
        <Section title={t("staffList.begin")}>
          <p>{t("staffList.beginText")}</p>
          <p className={styles["quiet"]}>{t("staffList.columnsText")}</p>
          <ChooseFile accountIds={ids} />
        </Section>
      )}
    </Page>
  );
}

function ChooseFile({ accountIds }: { readonly accountIds: readonly AccountId[] }) {
  const choose = useAction(() => chooseStaffFile(accountIds));
  return (
    <>
      {choose.error && <ErrorText error={choose.error} />}
      <Buttons>
        <Button icon={FileUp} look="primary" busy={choose.busy} onPress={() => void choose.run()}>
          {t("bulk.choose")}
        </Button>
      </Buttons>
    </>
  );
}

function OpenList({ list, accountIds }: { readonly list: StaffList; readonly accountIds: readonly AccountId[] }) {
  const { listId, columns, unused, elsewhere, elsewhereServers, rows } = list;
  const [mapping, setMapping] = useState(false);
  const drop = useAction(() => steward.staffList.drop({ listId }));
  const save = useAction(() => steward.staffList.save({ listId }));
  const choose = useAction(() => chooseStaffFile(accountIds));
  if (rows === 0 || mapping) {
    return (
      <Section title={t("bulk.columns.title")}>
        <ColumnsForm
          columns={columns}
          onUse={async (said, hasHeader) => void (await steward.staffList.setColumns({ listId, columns: said, hasHeader }))}
          onCancel={() => (rows === 0 ? void drop.run() : setMapping(false))}
        />
      </Section>
    );
  }
  const problem = choose.error ?? drop.error ?? save.error;
  return (
    <>
      <Section title={t("staffList.list")}>
        <Notice tone={list.unusable > 0 || elsewhere.length > 0 ? "warn" : "info"} live>
          <p>{summaryOf(list)}</p>
          {elsewhere.length > 0 && (
            <p>
              {t("staffList.elsewhere", {
                count: list.elsewhereRows,
                serverCount: elsewhereServers,
                more: elsewhereServers - elsewhere.length,
                servers: elsewhere.map(({ serverName }) => serverName).join(", "),
              })}
            </p>
          )}
        </Notice>
        {unused.length > 0 && <p className={styles["quiet"]}>{t("bulk.unused", { columns: unused.join(", ") })}</p>}
        <CompareForm list={list} />
        {problem && <ErrorText error={problem} />}
        <Buttons>
          <Button busy={save.busy} isDisabled={list.servers.every(({ result }) => result === null)} onPress={() => void save.run()}>
            {t("staffList.save")}
          </Button>
          <Button onPress={() => setMapping(true)}>{t("bulk.columns.change")}</Button>
          <Button isDisabled={accountIds.length === 0} busy={choose.busy} onPress={() => void choose.run()}>
            {t("staffList.another")}
          </Button>
          <Button busy={drop.busy} onPress={() => void drop.run()}>
            {t("staffList.close")}
          </Button>
        </Buttons>
      </Section>
      <Differences list={list} />
    </>
  );
}

/** What there is in the file. */
function summaryOf({ rows, withoutServer, unusable, servers }: StaffList): string {
  return [
    t("staffList.rows", { count: rows }),
    ...(withoutServer > 0 && servers.length > 1 ? [t("staffList.withoutServer", { count: withoutServer })] : []),
    ...(unusable > 0 ? [t("bulk.invalidCount", { count: unusable })] : []),
  ].join(" ");
}
