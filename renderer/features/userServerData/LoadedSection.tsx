import { useEffect, type ReactNode } from "react";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { t } from "../../i18n/index.ts";
import type { LoadedStore } from "../../stores/loaded.ts";
import type { UserKey } from "../../stores/users.ts";

interface LoadedSectionProps<T> {
  readonly title: string;
  readonly store: LoadedStore<T, UserKey>;
  readonly userKey: UserKey;
  readonly children: (answer: T) => ReactNode;
}

/** A part of a user's page that asks the server by itself, and fails by itself. What the server doesn't have is said. */
export function LoadedSection<T>({ title, store, userKey, children }: LoadedSectionProps<T>) {
  const { answer, error } = store.use(userKey);
  useEffect(() => void store.load(userKey), [store, userKey]);
  const lacks = error?.kind === "admin_api_lacks";
  return (
    <Section title={title}>
      {lacks && <Notice tone="info">{t("userData.lacks")}</Notice>}
      {error && !lacks && (
        <ErrorText error={error} actions={<Button onPress={() => void store.load(userKey)}>{t("common.retry")}</Button>} />
      )}
      {answer === null && !error && <Skeleton label={t("app.loading")} lines={2} />}
      {answer !== null && children(answer)}
    </Section>
  );
}
