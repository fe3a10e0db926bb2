import type { Account } from "../../../shared/contract/accounts.ts";
import { steward } from "../../bridge.ts";
import { t } from "../../i18n/index.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { OauthSignIn } from "../signInAgain/OauthSignIn.tsx";

/** For admins of an OAuth 2.0 homeserver: only a session that has been asked for as an admin's may use the admin API. */
export function AdminSignIn({ account: { accountId, homeserver } }: { readonly account: Account }) {
  const { serverName: server, baseUrl } = homeserver;
  const learn = (): void => {
    steward.administration.checkAccess({ accountId }).then(
      (access) => adminAccess.set(accountId, access),
      () => undefined,
    );
  };
  return (
    <OauthSignIn
      server={server}
      serverName={server}
      baseUrl={baseUrl}
      localpart={null}
      accountId={accountId}
      admin
      words={{ text: t("administration.signInText", { server }), button: t("administration.signIn") }}
      acceptInsecureHttp
      onDone={learn}
    />
  );
}
