import { ChartColumn, RefreshCw } from "lucide-react";
import { useEffect } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { UserFilter } from "../../../shared/contract/users.ts";
import type { UserStatistics } from "../../../shared/contract/userStatistics.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Page, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { dateText, t } from "../../i18n/index.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { useJobs } from "../../stores/jobs.ts";
import { go } from "../../stores/routes.ts";
import { listUsers } from "../../stores/users.ts";
import { userStatistics } from "../../stores/userStatistics.ts";
import { NoAccess } from "../administration/AdminAddress.tsx";
import { Bars } from "./Bars.tsx";
import styles from "./Statistics.module.css";
import { createdName, lastSeenName } from "./statisticsWords.ts";

/** The kinds that are counted, in the order of their bars. */
const countedKinds: readonly (keyof UserStatistics["kinds"])[] = [
  "people",
  "bots",
  "guests",
  "admins",
  "locked",
  "shadowBanned",
  "deactivated",
];

/** The users of an account's homeserver in numbers, for its admins. */
export function StatisticsPage({ account }: { readonly account: Account }) {
  const { accountId, homeserver } = account;
  const { answer: access } = adminAccess.use(accountId);
  const refused = access !== null && access.status !== "admin" && access.status !== "unknown";
  const { answer, error } = userStatistics.use(accountId);
  useEffect(() => void userStatistics.load(accountId), [accountId]);
  const last = useJobs(({ open }) => open.findLast((job) => job.kind === "collect_users" && job.accountId === accountId));
  const isCollecting = last?.status === "running";
  // The Job comes by events, which may be newer than the answer.
  const collect = useAction(() => steward.userStatistics.collect({ accountId }));
  const statistics = answer?.statistics ?? null;
  const button = (
    <Button
      look={statistics === null ? "primary" : "plain"}
      icon={RefreshCw}
      busy={isCollecting || collect.busy}
      onPress={() => void collect.run()}
    >
      {t(isCollecting ? "statistics.collecting" : statistics === null ? "statistics.collect" : "statistics.collectAgain")}
    </Button>
  );
  const failure = collect.error ?? error ?? (last?.status === "failed" ? last.error : null);
  return (
    <Page
      title={t("statistics.title")}
      subtitle={t("statistics.subtitle", { server: homeserver.serverName })}
      actions={statistics && !refused && button}
    >
      {refused && <NoAccess account={account} access={access} />}
      {failure && <ErrorText error={failure} />}
      {answer === null && error === null && <Skeleton label={t("app.loading")} />}
      {answer !== null && statistics === null && !refused && (
        <EmptyState icon={ChartColumn} title={t("statistics.none")} text={t("statistics.noneText")} action={button} />
      )}
      {statistics && <Numbers accountId={accountId} statistics={statistics} />}
    </Page>
  );
}

function Numbers({ accountId, statistics }: { readonly accountId: AccountId; readonly statistics: UserStatistics }) {
  const { collectedAt, total, leftOut, kinds, lastSeen, created } = statistics;
  const show = (filter: Partial<UserFilter>) => () => {
    void listUsers(accountId, { search: "", kind: "all", seen: "any", created: null, lastSeen: null, withoutHidden: true, ...filter });
    go({ name: "account", accountId, page: "users" });
  };
  const unknown = (count: number, onShow?: () => void) =>
    count === 0 ? [] : [{ id: "unknown", name: t("statistics.unknown"), count, ...(onShow && { onShow }) }];
  return (
    <>
      <p className={styles["quiet"]} role="status">
        {t("statistics.collected", { count: total, date: dateText(collectedAt) })}{" "}
        {leftOut > 0 && t("statistics.leftOut", { count: leftOut })}
      </p>
      <Section title={t("statistics.kinds")}>
        <Bars
          label={t("statistics.kinds")}
          bars={countedKinds.map((kind) => ({ id: kind, name: t(`users.kinds.${kind}`), count: kinds[kind], onShow: show({ kind }) }))}
        />
      </Section>
      <Section title={t("statistics.lastSeen")}>
        <p className={styles["quiet"]}>{t("statistics.lastSeenText")}</p>
        <Bars
          label={t("statistics.lastSeen")}
          bars={[
            ...lastSeen.spans.map(({ from, to, count }) => ({
              id: String(from),
              name: lastSeenName({ from, to }, collectedAt),
              count,
              onShow: show({ kind: "current", lastSeen: { from, to } }),
            })),
            ...unknown(lastSeen.unknown, show({ kind: "current", seen: "unknown" })),
          ]}
        />
      </Section>
      <Section title={t(created.by === "month" ? "statistics.createdByMonth" : "statistics.createdByYear")}>
        <Bars
          label={t(created.by === "month" ? "statistics.createdByMonth" : "statistics.createdByYear")}
          bars={[
            ...created.spans.map(({ from, to, count }) => ({
              id: String(from),
              name: createdName({ from, to }, created.by, collectedAt),
              count,
              onShow: show({ created: { from, to } }),
            })),
            ...unknown(created.unknown),
          ]}
        />
      </Section>
    </>
  );
}
