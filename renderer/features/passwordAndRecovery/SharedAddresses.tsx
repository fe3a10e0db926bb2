import { Mail, Phone } from "lucide-react";
import { useEffect, useState } from "react";
import type { AccountAddress } from "../../../shared/contract/addresses.ts";
import type { PendingShare } from "../../../shared/contract/identityServer.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CodeField } from "../../components/CodeField.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { useAction } from "../../components/useAction.ts";
import { useCode } from "../../components/useCode.ts";
import { errorWords, t } from "../../i18n/index.ts";
import { accountAddresses } from "../../stores/addresses.ts";
import { identityServers, pendingShares } from "../../stores/identityServers.ts";
import { PendingContact } from "./PendingContact.tsx";
import { shownAddress } from "./shownAddress.ts";

interface SharedAddressesProps {
  readonly accountId: AccountId;
  /** Those by which others find the account. */
  readonly shared: readonly AccountAddress[];
}

/** Which of the account's addresses others find it by. */
export function SharedAddresses({ accountId, shared }: SharedAddressesProps) {
  const { answer } = accountAddresses.use(accountId);
  const { answer: pending } = pendingShares.use(accountId);
  useEffect(() => void pendingShares.load(accountId), [accountId]);
  const share = useAction(({ medium, address }: AccountAddress) => steward.identityServer.share({ accountId, medium, address }));
  const stop = useAction(async ({ medium, address }: AccountAddress) => {
    try {
      identityServers.set(accountId, await steward.identityServer.stopSharing({ accountId, medium, address }));
    } catch (thrown) {
      identityServers.reload(accountId);
      throw thrown;
    }
  });
  const addresses = answer?.addresses ?? [];
  const isAmong = (list: readonly AccountAddress[], { medium, address }: AccountAddress): boolean =>
    list.some((one) => one.medium === medium && one.address === address);
  const error = stop.error ?? share.error;
  /** What the other one said is no longer of interest. */
  const press = (action: typeof share | typeof stop, other: typeof share | typeof stop, one: AccountAddress): void => {
    if (other.error) other.reset();
    void action.run(one);
  };
  return (
    <>
      {answer && addresses.length === 0 && <p>{t("discovery.noAddresses")}</p>}
      {addresses.length > 0 && (
        <Rows label={t("discovery.title")}>
          {addresses.map((one) => {
            const address = shownAddress(one);
            const isShared = isAmong(shared, one);
            return (
              <Row
                key={`${one.medium} ${one.address}`}
                icon={one.medium === "email" ? <Mail size={20} aria-hidden /> : <Phone size={20} aria-hidden />}
                title={address}
                text={t(isShared ? "discovery.shared" : "discovery.notShared")}
                end={
                  isShared ? (
                    <Button small aria-label={t("discovery.stopSharingNamed", { address })} busy={stop.busy} onPress={() => press(stop, share, one)}>
                      {t("discovery.stopSharing")}
                    </Button>
                  ) : (
                    !isAmong(pending ?? [], one) && (
                      <Button small aria-label={t("discovery.shareNamed", { address })} busy={share.busy} onPress={() => press(share, stop, one)}>
                        {t("discovery.share")}
                      </Button>
                    )
                  )
                }
              />
            );
          })}
        </Rows>
      )}
      {error && <ErrorText error={error} />}
      {pending?.map((one) => <Pending key={one.pendingId} accountId={accountId} share={one} />)}
    </>
  );
}

interface PendingProps {
  readonly accountId: AccountId;
  readonly share: PendingShare;
}

/** One address that is not shared yet: how it stands, and what can be done. */
function Pending({ accountId, share }: PendingProps) {
  const { pendingId, medium, status } = share;
  const code = useCode();
  const wantsCode = medium === "msisdn" && status === "sent";
  const [notYet, setNotYet] = useState(false);
  const confirm = useAction(async () => {
    const { shared } = await steward.identityServer.confirmShare({ accountId, pendingId, code: wantsCode ? code.code : null });
    setNotYet(!shared);
  });
  const again = useAction(() => steward.identityServer.sendShareAgain({ accountId, pendingId }));
  const drop = useAction(() => steward.identityServer.dropShare({ accountId, pendingId }));
  const ofCode = confirm.error?.kind === "phone_refused" && wantsCode ? errorWords(confirm.error).sentence : null;
  return (
    <PendingContact
      text={pendingText(share)}
      tone={status === "sent" ? "info" : "warn"}
      confirm={
        status === "sent"
          ? {
              onPress: () => {
                if (!wantsCode || code.handIn()) void confirm.run();
              },
              busy: confirm.busy,
            }
          : null
      }
      again={{ press: again, label: t(medium === "email" ? "addresses.sendAgain" : "addresses.sendCodeAgain") }}
      change={null}
      drop={drop}
      words={{ title: t("discovery.pendingTitle"), drop: t("discovery.drop") }}
      error={(ofCode === null ? confirm.error : null) ?? again.error ?? drop.error}
    >
      {wantsCode && <CodeField typed={code} refused={ofCode} onType={confirm.reset} />}
      {medium === "email" && status === "sent" && <p>{t(notYet ? "discovery.notYet" : "addresses.spam")}</p>}
    </PendingContact>
  );
}

function pendingText(share: PendingShare): string {
  const address = shownAddress(share);
  const isEmail = share.medium === "email";
  switch (share.status) {
    case "sent":
      if (isEmail) return t("discovery.sent", { address, count: share.count });
      return t("discovery.codeSent", { address, count: share.count });
    case "expired":
      return t("discovery.expired", { address });
    case "maybe_sent":
      return t("discovery.maybeSent", { address });
  }
}
