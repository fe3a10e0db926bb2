import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import type { SupportContacts } from "../../../shared/contract/recovery.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CopyableText } from "../../components/CopyableText.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Facts, Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";

interface ServerContactsProps {
  readonly serverName: string | null;
  readonly baseUrl: string;
  readonly server: string;
}

/** Whom to ask at a homeserver, for those whose account has no email address. */
export function ServerContacts(props: ServerContactsProps) {
  return (
    <Section title={t("recover.noEmail")}>
      <p>{t("recover.noEmailText", { server: props.server })}</p>
      <ContactList {...props} />
    </Section>
  );
}

/** The contacts that a homeserver publishes. */
export function ContactList({ serverName, baseUrl, server }: ServerContactsProps) {
  const [contacts, setContacts] = useState<SupportContacts | null>(null);
  const look = useAction(async () => setContacts(await steward.recovery.contacts({ serverName, baseUrl })));
  const { run } = look;
  useEffect(() => void run(), [run]);
  const open = useAction((url: string) => steward.app.openExternal({ url }));
  const page = contacts?.page ?? null;
  const facts = (contacts?.contacts ?? []).flatMap(({ role, userId, email }) =>
    [email, userId].flatMap((text) =>
      text === null ? [] : [{ name: t(`recover.contact.${role}`), value: <CopyableText text={text} what={text} /> }],
    ),
  );
  return (
    <>
      {look.busy && <p role="status">{t("recover.looking")}</p>}
      {contacts && facts.length === 0 && page === null && <p>{t("recover.noContacts", { server })}</p>}
      {facts.length > 0 && <Facts facts={facts} />}
      {page !== null && (
        <Buttons>
          <Button icon={ExternalLink} busy={open.busy} onPress={() => void open.run(page)}>
            {t("recover.page")}
          </Button>
        </Buttons>
      )}
      {(look.error ?? open.error) && <ErrorText error={(look.error ?? open.error)!} />}
    </>
  );
}
