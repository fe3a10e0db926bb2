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
  const { answer: pending, error } = pendingShares.use(accountId);
  useEffect(() => void pendingShares.load(accountId), [accountId]);
  const addresses = answer?.addresses ?? [];
  return (
    <>
      {answer && addresses.length === 0 && <p>{t("discovery.noAddresses")}</p>}
      {addresses.length > 0 && (
        <Rows label={t("discovery.title")}>
          {addresses.map((one) => (
            <OneAddress
              key={`${one.medium} ${one.address}`}
              accountId={accountId}
              one={one}
              isShared={isAmong(shared, one)}
              isPending={isAmong(pending ?? [], one)}
            />
          ))}
        </Rows>
      )}
      {error && (
        <ErrorText error={error} actions={<Button onPress={() => void pendingShares.load(accountId)}>{t("common.retry")}</Button>} />
      )}
      {pending?.map((one) => (
        <Pending key={one.pendingId} accountId={accountId} share={one} />
      ))}
    </>
  );
}

const isAmong = (list: readonly AccountAddress[], { medium, address }: AccountAddress): boolean =>
  list.some((one) => one.medium === medium && one.address === address);

interface OneAddressProps {
  readonly accountId: AccountId;
  readonly one: AccountAddress;
  readonly isShared: boolean;
  /** Whether it is being shared: that is said below the list. */
  readonly isPending: boolean;
}

/** One address, and the button that has others find the account by it, or not any more. */
function OneAddress({ accountId, one, isShared, isPending }: OneAddressProps) {
  const { medium, address: sent } = one;
  const share = useAction(() => steward.identityServer.share({ accountId, medium, address: sent }));
  const stop = useAction(async () => {
    try {
      identityServers.set(accountId, await steward.identityServer.stopSharing({ accountId, medium, address: sent }));
    } catch (thrown) {
      identityServers.reload(accountId);
      throw thrown;
    }
  });
  const [action, other] = isShared ? [stop, share] : [share, stop];
  const address = shownAddress(one);
  const error = action.error ?? other.error;
  const press = (): void => {
    // What the other one said is no longer of interest.
    if (other.error) other.reset();
    void action.run();
  };
  return (
    <Row
      icon={medium === "email" ? <Mail size={20} aria-hidden /> : <Phone size={20} aria-hidden />}
      title={address}
      text={t(isShared ? "discovery.shared" : "discovery.notShared")}
      end={
        (isShared || !isPending) && (
          <Button
            small
            aria-label={t(isShared ? "discovery.stopSharingNamed" : "discovery.shareNamed", { address })}
            busy={share.busy || stop.busy}
            onPress={press}
          >
            {t(isShared ? "discovery.stopSharing" : "discovery.share")}
          </Button>
        )
      }
      below={error && <ErrorText error={error} />}
    />
  );
}

interface PendingProps {
  readonly accountId: AccountId;
  readonly share: PendingShare;
}

/** One address that is not shared yet: how it stands, and what can be done. */
function Pending({ accountId, share }: PendingProps) {
  const { pendingId, medium, status } = share;
  const [code, setCode] = useState("");
  const wantsCode = medium === "msisdn" && status === "sent";
  const [notYet, setNotYet] = useState(false);
  const confirm = useAction(async () => {
    const { shared } = await steward.identityServer.confirmShare({ accountId, pendingId, code: wantsCode ? code : null });
    setNotYet(!shared);
  });
  const again = useAction(() => steward.identityServer.sendShareAgain({ accountId, pendingId }));
  const drop = useAction(() => steward.identityServer.dropShare({ accountId, pendingId }));
  const ofCode = confirm.error?.kind === "phone_refused" && wantsCode ? errorWords(confirm.error).sentence : null;
  return (
    <PendingContact
      text={pendingText(share)}
      tone={status === "sent" ? "info" : "warn"}
      confirm={status === "sent" ? { onPress: () => void confirm.run(), busy: confirm.busy } : null}
      again={{ press: again, label: t(medium === "email" ? "addresses.sendAgain" : "addresses.sendCodeAgain") }}
      change={null}
      drop={drop}
      words={{ title: t("discovery.pendingTitle"), drop: t("discovery.drop") }}
      error={(ofCode === null ? confirm.error : null) ?? again.error ?? drop.error}
    >
      {wantsCode && (
        <CodeField
          value={code}
          onChange={(typed) => {
            setCode(typed);
            confirm.reset();
          }}
          refused={ofCode}
        />
      )}
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
