import { useId, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { AppError } from "../../../shared/errors.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CopyableText } from "../../components/CopyableText.tsx";
import { Choice } from "../../components/Choice.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { SelectField, TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { EXPIRIES, expiresAfter, isTokenName, MAX_USES, readCount } from "./tokenState.ts";

const LENGTHS = { least: 8, most: 64 };
const MAX_AT_ONCE = 100;

interface NewTokensDialogProps {
  readonly account: Account;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

/** Asks for one token or several, and shows those that were made. */
export function NewTokensDialog({ account, onChanged, onClose }: NewTokensDialogProps) {
  const [made, setMade] = useState<{ readonly tokens: readonly string[]; readonly error: AppError | null } | null>(null);
  if (made !== null && made.tokens.length > 0) return <MadeTokens made={made} onClose={onClose} />;
  const finished = (tokens: readonly string[], error: AppError | null): void => {
    setMade({ tokens, error });
    if (tokens.length > 0) onChanged();
  };
  return <Fields account={account} refused={made?.error ?? null} onMade={finished} onClose={onClose} />;
}

interface FieldsProps extends Pick<NewTokensDialogProps, "account" | "onClose"> {
  readonly refused: AppError | null;
  readonly onMade: (tokens: readonly string[], error: AppError | null) => void;
}

function Fields({ account, refused, onMade, onClose }: FieldsProps) {
  const [way, setWay] = useState<"generated" | "own">("generated");
  const [name, setName] = useState("");
  const [length, setLength] = useState("16");
  const [count, setCount] = useState("1");
  const [uses, setUses] = useState("1");
  const [expiry, setExpiry] = useState<string>("7");
  const own = way === "own";
  const values = {
    length: readCount(length, LENGTHS.least, LENGTHS.most),
    count: readCount(count, 1, MAX_AT_ONCE),
    uses: readCount(uses, 1, MAX_USES),
  };
  const create = useAction(async () => {
    const { made, error } = await steward.registrationTokens.create({
      accountId: account.accountId,
      name: own ? name.trim() : null,
      length: values.length ?? 16,
      count: own ? 1 : (values.count ?? 1),
      usesAllowed: values.uses ?? null,
      expiresAt: expiresAfter(expiry),
    });
    onMade(made, error);
  });
  const formId = useId();
  const range = (least: number, most: number): string => t("tokens.range", { least, most });
  return (
    <Dialog
      title={t("tokens.newTitle")}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" type="submit" form={formId} busy={create.busy}>
            {t("tokens.create")}
          </Button>
          <Button isDisabled={create.busy} onPress={onClose}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      <Form id={formId} onSubmit={() => void create.run()}>
        <Choice
          label={t("tokens.way")}
          hideLabel
          look="segments"
          value={way}
          onChange={setWay}
          options={[
            { value: "generated", text: t("tokens.generated") },
            { value: "own", text: t("tokens.own") },
          ]}
        />
        {own ? (
          <TextField
            label={t("tokens.token")}
            help={t("tokens.nameHelp")}
            value={name}
            onChange={setName}
            autoComplete="off"
            isRequired
            validate={(typed) => (isTokenName(typed.trim()) ? null : t("tokens.nameProblem"))}
          />
        ) : (
          <>
            <TextField
              label={t("tokens.count")}
              value={count}
              onChange={setCount}
              inputMode="numeric"
              isRequired
              validate={() => (typeof values.count === "number" ? null : range(1, MAX_AT_ONCE))}
            />
            <TextField
              label={t("tokens.length")}
              value={length}
              onChange={setLength}
              inputMode="numeric"
              isRequired
              validate={() => (typeof values.length === "number" ? null : range(LENGTHS.least, LENGTHS.most))}
            />
          </>
        )}
        <TextField
          label={t("tokens.usesAllowed")}
          help={t("tokens.usesHelp")}
          value={uses}
          onChange={setUses}
          inputMode="numeric"
          validate={() => (values.uses === undefined ? range(1, MAX_USES) : null)}
        />
        <SelectField
          label={t("tokens.expiry")}
          value={expiry}
          onChange={setExpiry}
          options={EXPIRIES.map((days) => ({
            value: days,
            text: days === "0" ? t("tokens.never") : t("tokens.days", { count: Number(days) }),
          }))}
        />
        {(create.error ?? refused) && <ErrorText error={(create.error ?? refused)!} />}
      </Form>
    </Dialog>
  );
}

function MadeTokens({
  made,
  onClose,
}: {
  readonly made: { readonly tokens: readonly string[]; readonly error: AppError | null };
  readonly onClose: () => void;
}) {
  const { tokens, error } = made;
  return (
    <Dialog
      title={t("tokens.madeTitle", { count: tokens.length })}
      onClose={onClose}
      actions={
        <Button look="primary" onPress={onClose}>
          {t("common.done")}
        </Button>
      }
    >
      <Notice tone="success" live>
        {t("tokens.made", { count: tokens.length })}
      </Notice>
      <CopyableText text={tokens.join("\n")} what={t("tokens.tokensNamed", { count: tokens.length })} />
      {error && (
        <>
          <Notice tone="warn">{t("tokens.stopped")}</Notice>
          <ErrorText error={error} />
        </>
      )}
    </Dialog>
  );
}
