import { Checkbox } from "../../components/Choice.tsx";
import { FormProblem } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { t } from "../../i18n/index.ts";

interface InsecureConnectionProps {
  readonly server: string;
  readonly accepted: boolean;
  readonly onAccepted: (accepted: boolean) => void;
  /** What the box says, where it is not about signing in. */
  readonly boxText?: string;
  /** What is said where the form is handed in and the box is not ticked; without it main decides. */
  readonly required?: string;
}

/** Warns of a connection that is not encrypted; the box has to be ticked before a password goes over it. */
export function InsecureConnection({ server, accepted, onAccepted, boxText, required }: InsecureConnectionProps) {
  return (
    <>
      <Notice
        tone="warn"
        actions={
          <Checkbox value={accepted} onChange={onAccepted} isRequired={required !== undefined}>
            {boxText ?? t("add.acceptHttp")}
          </Checkbox>
        }
      >
        {t("add.warningHttp", { server })}
      </Notice>
      {required !== undefined && <FormProblem when={!accepted}>{required}</FormProblem>}
    </>
  );
}
