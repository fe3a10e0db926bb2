import { useEffect, useRef, useState } from "react";
import { readIdentityServer } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { problemText, refusedFieldText, t } from "../../i18n/index.ts";
import { identityServers } from "../../stores/identityServers.ts";
import { ContactForm } from "./PendingContact.tsx";

interface ChooseIdentityServerProps {
  readonly accountId: AccountId;
  readonly onClose: () => void;
}

/** Takes the address of an identity server. */
export function ChooseIdentityServer({ accountId, onClose }: ChooseIdentityServerProps) {
  const [identityServer, setIdentityServer] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const use = useAction(async () => {
    identityServers.set(accountId, await steward.identityServer.use({ accountId, identityServer }));
    onClose();
  });
  const refused = refusedFieldText(use.error, "identityServer");
  return (
    <ContactForm submitText={t("discovery.useThis")} submit={use} saidAtField={refused !== null} onClose={onClose}>
      <TextField
        label={t("discovery.address")}
        help={t("discovery.addressHelp")}
        value={identityServer}
        onChange={(typed) => {
          setIdentityServer(typed);
          use.reset();
        }}
        autoComplete="off"
        inputRef={field}
        isRequired
        validate={(typed) => problemText("identityServer", readIdentityServer(typed))}
        problem={refused}
      />
    </ContactForm>
  );
}
