import { Plus } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { NewUser, NewUserResult } from "../../../shared/contract/newUsers.ts";
import type { ExternalId } from "../../../shared/contract/users.ts";
import { readContactEmail, readUsername } from "../../../shared/fields.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { SelectField, TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { errorWords, problemText, t } from "../../i18n/index.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { forgetCredentials } from "../../stores/credentials.ts";
import type { CroppedPicture } from "../profile/cropImage.ts";
import { PictureChooser } from "../profile/PictureChooser.tsx";
import { ShownPicture } from "../userServerData/UserPicture.tsx";
import { CredentialsSlip } from "../userActions/CredentialsSlip.tsx";
import { ExternalIdFields, typedExternalIds } from "./ExternalIdFields.tsx";
import { PasswordChooser, useChoosingPassword } from "../userActions/PasswordChooser.tsx";

interface NewUserDialogProps {
  readonly account: Account;
  /** Somebody was made: the list is not as it was. */
  readonly onCreated: () => void;
  /** Opens a user who is there already. */
  readonly onOpen: (userId: string) => void;
  readonly onClose: () => void;
}

type Created = Extract<NewUserResult, { status: "created" }>;

/** Asks for a new user of the account's server, and shows the password to hand out. */
export function NewUserDialog({ account, onCreated, onOpen, onClose }: NewUserDialogProps) {
  const [created, setCreated] = useState<Created | null>(null);
  if (created) return <CreatedUser account={account} created={created} onOpen={onOpen} onClose={onClose} />;
  const take = (made: Created): void => {
    setCreated(made);
    onCreated();
  };
  return <Fields account={account} onCreated={take} onOpen={onOpen} onClose={onClose} />;
}

function Fields({
  account,
  onCreated,
  onOpen,
  onClose,
}: Omit<NewUserDialogProps, "onCreated"> & { readonly onCreated: (created: Created) => void }) {
  const { accountId, homeserver } = account;
  const { serverName } = homeserver;
  const { answer: access } = adminAccess.use(accountId);
  const delegated = access?.status === "admin" && access.delegatedAuth;
  const [username, setUsername] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [emails, setEmails] = useState<readonly string[]>([""]);
  const [admin, setAdmin] = useState(false);
  const [userType, setUserType] = useState("");
  const [startsAs, setStartsAs] = useState<NewUser["startsAs"]>("active");
  const [externalIds, setExternalIds] = useState<readonly ExternalId[]>([]);
  const [picture, setPicture] = useState<CroppedPicture | null>(null);
  const [refused, setRefused] = useState<Exclude<NewUserResult, Created> | null>(null);
  const name = readUsername(username, serverName);
  const choosing = useChoosingPassword(`@${username}:${serverName}`);
  const wanted = emails.filter((email) => email.trim() !== "");
  const create = useAction(async () => {
    setRefused(null);
    const result = await steward.newUsers.create({
      accountId,
      user: {
        username,
        displayName: displayName.trim() === "" ? null : displayName.trim(),
        emails: wanted,
        externalIds: typedExternalIds(externalIds),
        admin,
        userType: userType === "" ? null : userType,
        startsAs,
        picture,
        password: (startsAs === "deactivated" ? null : choosing.choice) ?? { kind: "none" },
      },
    });
    if (result.status === "created") onCreated(result);
    else setRefused(result);
  });
  const formId = useId();
  const outcome = useRef<HTMLDivElement>(null);
  // The dialog may be longer than the window.
  useEffect(() => outcome.current?.scrollIntoView({ block: "nearest" }), [refused, create.error]);
  const changeEmail = (index: number, email: string): void => setEmails(emails.map((old, at) => (at === index ? email : old)));
  return (
    <Dialog
      title={t("newUser.title", { server: serverName })}
      wide
      onClose={onClose}
      actions={
        <>
          <Button look="primary" type="submit" form={formId} busy={create.busy}>
            {t(create.busy ? "newUser.creating" : "newUser.create")}
          </Button>
          <Button isDisabled={create.busy} onPress={onClose}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      <Form id={formId} onSubmit={() => void create.run()}>
        <TextField
          label={t("newUser.username")}
          help={name.value === undefined ? t("newUser.usernameHelp") : t("newUser.willBe", { userId: `@${name.value}:${serverName}` })}
          value={username}
          onChange={(typed) => setUsername(typed.toLowerCase())}
          autoComplete="off"
          autoFocus
          isRequired
          validate={() => problemText("username", name)}
          eager
        />
        <TextField label={t("newUser.displayName")} value={displayName} onChange={setDisplayName} maxLength={256} autoComplete="off" />
        {emails.map((email, index) => (
          <TextField
            key={index}
            label={index === 0 ? t("newUser.email") : t("newUser.emailMore", { number: index + 1 })}
            type="email"
            value={email}
            onChange={(typed) => changeEmail(index, typed)}
            autoComplete="off"
            autoFocus={index > 0}
            validate={(typed) => (typed.trim() === "" ? null : problemText("email", readContactEmail(typed)))}
          />
        ))}
        {emails.length < 20 && emails.at(-1)?.trim() !== "" && (
          <Buttons>
            <Button small icon={Plus} onPress={() => setEmails([...emails, ""])}>
              {t("newUser.addEmail")}
            </Button>
          </Buttons>
        )}
        <PictureChooser
          shown={picture && <ShownPicture image={picture.image} />}
          hasPicture={picture !== null}
          text={t("newUser.picture")}
          limitBytes={null}
          isKept
          onSet={(chosen) => Promise.resolve(setPicture(chosen))}
          onRemove={() => Promise.resolve(setPicture(null))}
        />
        <SelectField
          label={t("users.type")}
          value={userType}
          onChange={setUserType}
          options={[
            { value: "", text: t("users.typePerson") },
            ...(["bot", "support"] as const).map((type) => ({ value: type, text: t(`users.types.${type}`) })),
          ]}
        />
        {/* An authentication service takes them from a user who is there: see the user's page. */}
        {!delegated && <ExternalIdFields typed={externalIds} onChange={setExternalIds} />}
        <SelectField
          label={t("newUser.startsAs")}
          value={startsAs}
          onChange={(value) => setStartsAs(value as NewUser["startsAs"])}
          options={(["active", "locked", "deactivated"] as const).map((value) => ({ value, text: t(`newUser.starts.${value}`) }))}
        />
        {startsAs !== "deactivated" && <PasswordChooser choosing={choosing} offersNone />}
        <Checkbox value={admin} onChange={setAdmin}>
          {t("newUser.admin", { server: serverName })}
        </Checkbox>
        <div ref={outcome}>
          {refused && <NotCreated refused={refused} onOpen={onOpen} />}
          {create.error && <ErrorText error={create.error} />}
        </div>
      </Form>
    </Dialog>
  );
}

function NotCreated({ refused, onOpen }: { readonly refused: Exclude<NewUserResult, Created>; readonly onOpen: (userId: string) => void }) {
  switch (refused.status) {
    case "exists": {
      const { userId, user } = refused;
      const key = user?.deactivated ? "newUser.existsDeactivated" : user?.locked ? "newUser.existsLocked" : "newUser.exists";
      const open = user && (
        <Button small onPress={() => onOpen(userId)}>
          {t("newUser.openExisting")}
        </Button>
      );
      return (
        <Notice tone="error" live actions={open}>
          {t(key, { userId })}
        </Notice>
      );
    }
    case "name_refused":
      return (
        <Notice tone="error" live>
          {t(refused.reason === "reserved" ? "newUser.reserved" : "newUser.invalid")}
        </Notice>
      );
    case "contacts_taken":
      return (
        <>
          {refused.taken.map(({ contact, owner }) => (
            <Notice
              key={contact}
              tone="error"
              live
              actions={
                <Button small onPress={() => onOpen(owner)}>
                  {t("newUser.openOwner")}
                </Button>
              }
            >
              {t("newUser.contactTaken", { contact, owner })}
            </Notice>
          ))}
        </>
      );
    case "delegated":
      return (
        <Notice tone="info" live>
          {t("newUser.delegated")}
        </Notice>
      );
    case "unknown":
      return (
        <>
          <ErrorText error={refused.error} />
          <Notice tone="warn">{t("newUser.unknown")}</Notice>
        </>
      );
  }
}

function CreatedUser({ account, created, onOpen, onClose }: Omit<NewUserDialogProps, "onCreated"> & { readonly created: Created }) {
  const { accountId } = account;
  const { user, credentialsId, missing } = created;
  const { userId } = user;
  const done = useAction(async () => {
    if (credentialsId !== null) await forgetCredentials(accountId, credentialsId);
    onClose();
  });
  return (
    <Dialog
      title={t("newUser.createdTitle")}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" busy={done.busy} onPress={() => void done.run()}>
            {t(credentialsId === null ? "common.close" : "credentials.handedOut")}
          </Button>
          <Button onPress={() => onOpen(userId)}>{t("newUser.open")}</Button>
        </>
      }
    >
      <Notice tone="success" live>
        {t(user.deactivated ? "newUser.createdDeactivated" : user.locked === true ? "newUser.createdLocked" : "newUser.created", {
          userId,
        })}
      </Notice>
      {missing.map(({ part, error }) => (
        <Notice key={part} tone="warn">
          {t(`newUser.missing.${part}`)} {error && errorWords(error).sentence}
        </Notice>
      ))}
      {credentialsId !== null && <CredentialsSlip account={account} credentialsId={credentialsId} />}
      {done.error && <ErrorText error={done.error} />}
    </Dialog>
  );
}
