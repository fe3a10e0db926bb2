import { ExternalLink } from "lucide-react";
import { useState } from "react";
import type { Policy } from "../../shared/contract/registration.ts";
import type { AppError } from "../../shared/errors.ts";
import { t } from "../i18n/index.ts";
import { Button } from "./Button.tsx";
import { Checkbox } from "./Choice.tsx";
import { ErrorText } from "./ErrorText.tsx";
import { Notice } from "./Notice.tsx";
import { Buttons, Form } from "./Page.tsx";
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
  const [tried, setTried] = useState(false);
  const all = policies.every(({ id }) => accepted.includes(id));
  return (
    <Form
      onSubmit={() => {
        setTried(true);
        if (all) onAccept(policies.map((policy) => policyText(policy, navigator.languages).url));
      }}
    >
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
              value={accepted.includes(policy.id)}
              onChange={(ticked) => setAccepted(ticked ? [...without, policy.id] : without)}
            >
              {t("create.termsAccept", { name })}
            </Checkbox>
          </div>
        );
      })}
      {tried && !all && (
        <Notice tone="error" live>
          {t("create.termsRequired")}
        </Notice>
      )}
      {error && <ErrorText error={error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={busy}>
          {submitText}
        </Button>
      </Buttons>
    </Form>
  );
}
