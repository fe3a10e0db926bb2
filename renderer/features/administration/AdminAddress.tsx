import { useId, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { AdminAccess } from "../../../shared/contract/administration.ts";
import { readAdminAddress } from "../../../shared/fields.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { problemText, t } from "../../i18n/index.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { InsecureConnection } from "../addAccount/InsecureConnection.tsx";

interface NoAccessProps {
  readonly account: Account;
  readonly access: AdminAccess;
}

/** Why an account cannot administer its server, and what can be done about it. */
export function NoAccess({ account, access }: NoAccessProps) {
  const { accountId } = account;
  const check = useAction(async () => adminAccess.set(accountId, await steward.administration.checkAccess({ accountId })));
  const actions = (
    <>
      <AddressButton account={account} access={access} />
      <Button busy={check.busy} onPress={() => void check.run()}>
        {t("administration.checkAgain")}
      </Button>
    </>
  );
  if (access.status === "unreachable") return <ErrorText error={access.error} actions={actions} />;
  return (
    <Notice tone="info" actions={actions}>
      {reasonOf(account, access)}
    </Notice>
  );
}

function reasonOf({ homeserver, userId }: Account, { status, adminBaseUrl }: AdminAccess): string {
  const server = adminBaseUrl === null ? homeserver.serverName : new URL(adminBaseUrl).host;
  switch (status) {
    case "not_exposed":
      return t("administration.notExposed", { server });
    case "not_supported":
      return t("administration.notSupported", { server });
    case "not_admin":
      return t("administration.notAdmin", { user: userId, server: homeserver.serverName });
    default:
      return t("administration.notAsked");
  }
}

/** A button that asks for the address of the server's admin API. */
export function AddressButton({ account, access }: NoAccessProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onPress={() => setOpen(true)}>{t("administration.address")}</Button>
      {open && (
        <DialogBoundary onClose={() => setOpen(false)}>
          <AddressDialog account={account} access={access} onClose={() => setOpen(false)} />
        </DialogBoundary>
      )}
    </>
  );
}

function AddressDialog({ account, access, onClose }: NoAccessProps & { readonly onClose: () => void }) {
  const { accountId, homeserver } = account;
  const [typed, setTyped] = useState(access.adminBaseUrl ?? "");
  const [accepted, setAccepted] = useState(false);
  const save = useAction(async (address: string | null) => {
    adminAccess.set(accountId, await steward.administration.setAddress({ accountId, address, acceptInsecureHttp: accepted }));
    onClose();
  });
  const insecure = save.error?.kind === "insecure_http" ? save.error.baseUrl : null;
  const formId = useId();
  return (
    <Dialog
      title={t("administration.addressTitle", { server: homeserver.serverName })}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" type="submit" form={formId} busy={save.busy}>
            {t("administration.addressSave")}
          </Button>
          {access.adminBaseUrl !== null && <Button onPress={() => void save.run(null)}>{t("administration.addressRemove")}</Button>}
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <Form id={formId} onSubmit={() => void save.run(typed)}>
        <TextField
          label={t("administration.addressField")}
          help={t("administration.addressHelp", { server: homeserver.serverName })}
          placeholder="http://localhost:8008"
          value={typed}
          onChange={(text) => {
            setTyped(text);
            save.reset();
          }}
          autoFocus
          isRequired
          validate={(text) => problemText("adminAddress", readAdminAddress(text))}
        />
        {insecure !== null && (
          <InsecureConnection server={insecure} accepted={accepted} onAccepted={setAccepted} boxText={t("administration.acceptHttp")} />
        )}
        {save.error && insecure === null && <ErrorText error={save.error} />}
      </Form>
    </Dialog>
  );
}
