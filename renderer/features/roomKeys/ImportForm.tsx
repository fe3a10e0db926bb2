import { useState } from "react";
import type { RoomKeysOverview } from "../../../shared/contract/roomKeys.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form, FormProblem } from "../../components/Form.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { sizeText, t } from "../../i18n/index.ts";
import { JobOutcome } from "./JobOutcome.tsx";
import styles from "./RoomKeys.module.css";
import { useLastJob } from "./useLastJob.ts";

interface ImportFormProps {
  readonly accountId: AccountId;
  readonly backup: RoomKeysOverview["backup"];
}

/** Imports a key file. The file stays chosen after a wrong passphrase. */
export function ImportForm({ accountId, backup }: ImportFormProps) {
  const [file, setFile] = useState<{ name: string; sizeBytes: number } | null>(null);
  const [passphrase, setPassphrase] = useState("");
  const job = useLastJob(accountId, "import_room_keys");
  const choose = useAction(async () => {
    const chosen = await steward.roomKeys.chooseFile({ accountId });
    if (chosen.file) setFile(chosen.file);
  });
  const begin = useAction(() => steward.roomKeys.import({ accountId, passphrase }));
  const isUnusable = backup === "malformed" || backup === "unknown_kind";
  const text = isUnusable ? "roomKeys.importTextAlone" : backup === "none" ? "roomKeys.importTextHere" : "roomKeys.importText";
  return (
    <Section title={t("roomKeys.importTitle")}>
      <p className={styles["quiet"]}>{t(text)}</p>
      <Form onSubmit={() => void begin.run()}>
        <div className={styles["running"]}>
          <Button busy={choose.busy} onPress={() => void choose.run()}>
            {t(file ? "roomKeys.chooseAnother" : "roomKeys.chooseFile")}
          </Button>
          {file && <span>{t("roomKeys.file", { name: file.name, size: sizeText(file.sizeBytes) })}</span>}
        </div>
        <FormProblem when={file === null}>{t("roomKeys.fileRequired")}</FormProblem>
        {choose.error && <ErrorText error={choose.error} />}
        <PasswordField
          label={t("roomKeys.passphrase")}
          value={passphrase}
          onChange={setPassphrase}
          autoComplete="off"
          isRequired
          validate={(typed) => (typed === "" ? t("roomKeys.passphraseRequired") : null)}
        />
        {begin.error && <ErrorText error={begin.error} />}
        <Buttons>
          <Button
            type="submit"
            look="primary"
            isDisabled={backup === "locked" || backup === "unreadable"}
            busy={begin.busy || job?.status === "running"}
          >
            {t("roomKeys.import")}
          </Button>
        </Buttons>
      </Form>
      <JobOutcome job={job} />
    </Section>
  );
}
