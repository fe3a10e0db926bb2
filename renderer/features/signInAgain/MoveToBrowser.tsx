import type { Account } from "../../../shared/contract/accounts.ts";
import { signsInAgain } from "../../accountHealth.ts";
import { Section } from "../../components/Page.tsx";
import { t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { useManagement } from "../accountPage/useManagement.ts";
import { OauthSignIn } from "./OauthSignIn.tsx";

/** For an account that was signed in with a password where the server now signs people in on its own page: from now on there. */
export function MoveToBrowser({ account }: { readonly account: Account }) {
  const { accountId, userId, homeserver } = account;
  const { serverName: server, baseUrl } = homeserver;
  const management = useManagement(accountId);
  if (signsInAgain(account) || management?.canMove !== true) return null;
  return (
    <Section title={t("move.title")}>
      <OauthSignIn
        server={server}
        serverName={server}
        baseUrl={baseUrl}
        localpart={null}
        accountId={accountId}
        words={{ text: t("move.text", { server, userId }), button: t("move.button") }}
        acceptInsecureHttp
        onDone={() => announce(() => t("move.done", { userId }))}
      />
    </Section>
  );
}
