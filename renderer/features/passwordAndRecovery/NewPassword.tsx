import type { AppError } from "../../../shared/errors.ts";
import { type NewPassphrase, NewPassphraseFields } from "../../components/NewPassphrase.tsx";
import { Notice } from "../../components/Notice.tsx";
import { errorWords, t } from "../../i18n/index.ts";
import { passwordHints } from "./passwordWords.ts";

interface NewPasswordProps {
  readonly password: NewPassphrase;
  /** It was handed in once. */
  readonly tried: boolean;
  /** Why what is typed now was refused. */
  readonly refused: AppError | null;
}

/** The two fields of an account's new password, and what is worth knowing of what is typed. */
export function NewPassword({ password, tried, refused }: NewPasswordProps) {
  return (
    <>
      <NewPassphraseFields
        passphrase={password}
        tried={tried}
        refused={refused && errorWords(refused).sentence}
        words={{
          label: t("password.new"),
          help: t("password.newHelp"),
          again: t("password.again"),
          required: t("password.required"),
          weak: t("password.weak"),
          differs: t("password.differs"),
        }}
      />
      {passwordHints(password.typed).map((hint) => (
        <Notice key={hint} tone="info">
          {hint}
        </Notice>
      ))}
    </>
  );
}
