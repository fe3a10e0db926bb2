import type { AppError } from "../../../shared/errors.ts";
import { type NewPassphrase, NewPassphraseFields } from "../../components/NewPassphrase.tsx";
import { Notice } from "../../components/Notice.tsx";
import { errorWords, t } from "../../i18n/index.ts";
import { passwordHints } from "./passwordWords.ts";

interface NewPasswordProps {
  readonly password: NewPassphrase;
  /** Why what is typed now was refused. */
  readonly refused?: AppError | null;
  /** Whether it is the first of its account, so that nobody has an older one in mind. */
  readonly isFirst?: boolean;
  /** In place of the advice to somebody who chooses their own. */
  readonly help?: string;
}

/** The two fields of an account's new password, and what is worth knowing of what is typed. */
export function NewPassword({ password, refused = null, isFirst = false, help = t("password.newHelp") }: NewPasswordProps) {
  return (
    <>
      <NewPassphraseFields
        passphrase={password}
        refused={refused && refusalLine(refused)}
        words={{
          label: t(isFirst ? "create.password" : "password.new"),
          help,
          again: t(isFirst ? "create.passwordAgain" : "password.again"),
          required: t(isFirst ? "create.passwordRequired" : "password.required"),
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

function refusalLine(refused: AppError): string {
  const { sentence, next } = errorWords(refused);
  return next === null ? sentence : `${sentence} ${next}`;
}
