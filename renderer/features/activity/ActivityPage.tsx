import { History } from "lucide-react";
import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import { Button } from "../../components/Button.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Page } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { dateText, t } from "../../i18n/index.ts";
import { activities } from "../../stores/activity.ts";
import { ActivityIcon } from "./ActivityIcon.tsx";
import { activityTitle } from "./activityWords.ts";

/** So many are shown at once. */
const STEP = 50;

/** What happened to an account while Steward looked after it, newest first. */
export function ActivityPage({ account: { accountId } }: { readonly account: Account }) {
  const { answer, error, loading } = activities.use(accountId);
  const [count, setCount] = useState(STEP);
  useEffect(() => void activities.load(accountId), [accountId]);
  return (
    <Page title={t("activity.title")} subtitle={t("activity.subtitle")}>
      {error && <ErrorText error={error} actions={<Button onPress={() => void activities.load(accountId)}>{t("common.retry")}</Button>} />}
      {!answer && loading && <Skeleton label={t("app.loading")} lines={4} />}
      {answer?.length === 0 && <EmptyState icon={History} title={t("activity.none")} text={t("activity.noneText")} />}
      {answer !== null && answer.length > 0 && (
        <Rows label={t("activity.title")}>
          {answer.slice(0, count).map((one) => (
            <Row
              key={one.activityId}
              icon={<ActivityIcon kind={one.kind} />}
              title={activityTitle(one)}
              text={[dateText(one.noticedAt), one.here ? t("activity.here") : "", one.answer ? t(`activity.answers.${one.answer}`) : ""]
                .filter((part) => part !== "")
                .join(" · ")}
            />
          ))}
        </Rows>
      )}
      {answer !== null && answer.length > count && (
        <Buttons>
          <Button onPress={() => setCount(count + STEP)}>{t("activity.more")}</Button>
        </Buttons>
      )}
    </Page>
  );
}
