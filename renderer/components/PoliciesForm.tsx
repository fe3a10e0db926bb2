import { ExternalLink } from "lucide-react";
import { useState } from "react";
import type { Policy } from "../../shared/contract/registration.ts";
import type { AppError } from "../../shared/errors.ts";
import { t } from "../i18n/index.ts";
import { Button } from "./Button.tsx";
import { Checkbox } from "./Choice.tsx";
import { ErrorText } from "./ErrorText.tsx";
import { Form, FormProblem } from "./Form.tsx";
import { Buttons } from "./Page.tsx";
import styles from "./PoliciesForm.module.css";
import { policyText } from "./policyText.ts";

interface PoliciesFormProps {
  readonly policies: readonly Policy[];
  /** Who wants them accepted. */
  readonly text: string;
  readonly submitText: string;
  readonly busy: boolean;
  readonly error: AppError | null;
  /** Opens a document. */
  readonly onRead: (url: string) => void;
  /** Called when all were accepted, with the addresses that were shown. */
  readonly onAccept: (urls: string[]) => void;
}

/** A server's documents, each to be read and accepted. */
export function PoliciesForm({ policies, text, submitText, busy, error, onRead, onAccept }: PoliciesFormProps) {
  const [accepted, setAccepted] = useState<readonly string[]>([]);
  return (
    <Form onSubmit={() => onAccept(policies.map((policy) => policyText(policy, navigator.languages).url))}>
      <p>{text}</p>
      {policies.map((policy) => {
        const { name, url } = policyText(policy, navigator.languages);
        const without = accepted.filter((id) => id !== policy.id);
        return (
          <div key={policy.id} className={styles["policy"]}>
            <Button icon={ExternalLink} onPress={() => onRead(url)}>
              {t("create.termsRead", { name })}
            </Button>
            <Checkbox
              isRequired
              value={accepted.includes(policy.id)}
              onChange={(ticked) => setAccepted(ticked ? [...without, policy.id] : without)}
            >
              {t("create.termsAccept", { name })}
            </Checkbox>
          </div>
        );
      })}
      <FormProblem when={!policies.every(({ id }) => accepted.includes(id))}>{t("create.termsRequired")}</FormProblem>
      {error && <ErrorText error={error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={busy}>
          {submitText}
        </Button>
      </Buttons>
    </Form>
  );
}
