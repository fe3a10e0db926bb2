import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { RateLimit } from "../../../shared/contract/userServerData.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons } from "../../components/Page.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { userRateLimit } from "../../stores/userServerData.ts";
import type { UserKey } from "../../stores/users.ts";
import { LoadedSection } from "./LoadedSection.tsx";
import styles from "./UserServerData.module.css";

const MOST = 1_000_000;

interface UserRateLimitProps {
  readonly account: Account;
  readonly userId: string;
  readonly userDataKey: UserKey;
}

/** How often a user may send messages, where that is to be other than for everybody. */
export function UserRateLimit(props: UserRateLimitProps) {
  return (
    <LoadedSection title={t("userData.rateLimit")} store={userRateLimit} userKey={props.userDataKey}>
      {({ limit }) => <Limit key={limit === null ? "" : `${limit.messagesPerSecond} ${limit.burstCount}`} {...props} limit={limit} />}
    </LoadedSection>
  );
}

function Limit({ account: { accountId }, userId, userDataKey, limit }: UserRateLimitProps & { readonly limit: RateLimit | null }) {
  const [editing, setEditing] = useState(false);
  const [perSecond, setPerSecond] = useState(`${limit?.messagesPerSecond ?? 0}`);
  const [burst, setBurst] = useState(`${limit?.burstCount ?? 0}`);
  const set = useAction(async (wanted: RateLimit | null) => {
    try {
      userRateLimit.set(userDataKey, await steward.userServerData.setRateLimit({ accountId, userId, limit: wanted }));
      setEditing(false);
      announce(() => t("userData.rateLimitSaved"));
    } catch (thrown) {
      userRateLimit.reload(userDataKey);
      throw thrown;
    }
  });
  const submit = (): void => {
    const messagesPerSecond = readWhole(perSecond);
    const burstCount = readWhole(burst);
    if (messagesPerSecond !== null && burstCount !== null) void set.run({ messagesPerSecond, burstCount });
  };
  const validate = (typed: string): string | null => (readWhole(typed) === null ? t("userData.wholeNumber", { most: MOST }) : null);
  return (
    <>
      <p className={limit === null ? styles["quiet"] : undefined}>{limitText(limit)}</p>
      {editing ? (
        <Form onSubmit={submit}>
          <TextField
            label={t("userData.perSecond")}
            help={t("userData.perSecondHelp")}
            value={perSecond}
            onChange={setPerSecond}
            inputMode="numeric"
            isRequired
            validate={validate}
          />
          <TextField label={t("userData.burst")} value={burst} onChange={setBurst} inputMode="numeric" isRequired validate={validate} />
          <Buttons>
            <Button type="submit" look="primary" busy={set.busy}>
              {t("userData.rateLimitSave")}
            </Button>
            <Button onPress={() => setEditing(false)}>{t("common.cancel")}</Button>
          </Buttons>
        </Form>
      ) : (
        <Buttons>
          <Button onPress={() => setEditing(true)}>{t("userData.rateLimitChange")}</Button>
          {limit !== null && (
            <Button busy={set.busy} onPress={() => void set.run(null)}>
              {t("userData.rateLimitRemove")}
            </Button>
          )}
        </Buttons>
      )}
      {set.error && <ErrorText error={set.error} />}
    </>
  );
}

function limitText(limit: RateLimit | null): string {
  if (limit === null) return t("userData.rateLimitNone");
  const { messagesPerSecond, burstCount } = limit;
  if (messagesPerSecond === 0) return t("userData.rateLimitOff");
  return t("userData.rateLimitIs", { count: messagesPerSecond, burst: burstCount });
}

function readWhole(typed: string): number | null {
  const text = typed.trim();
  return /^\d{1,7}$/.test(text) && Number(text) <= MOST ? Number(text) : null;
}
