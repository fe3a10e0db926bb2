import { useState } from "react";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form, FormProblem } from "../../components/Form.tsx";
import { NewPassphraseFields, useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { JobOutcome } from "./JobOutcome.tsx";
import { RoomChooser } from "./RoomChooser.tsx";
import styles from "./RoomKeys.module.css";
import { useLastJob } from "./useLastJob.ts";

/** Exports the keys of all or of chosen rooms. The passphrase is typed twice: nobody can ever tell it again. */
export function ExportForm({ accountId }: { readonly accountId: AccountId }) {
  const [which, setWhich] = useState<"all" | "chosen">("all");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const passphrase = useNewPassphrase((typed) => steward.roomKeys.passphraseStrength({ accountId, passphrase: typed }));
  const [exports, setExports] = useState(0);
  const job = useLastJob(accountId, "export_room_keys");
  const begin = useAction(async () => {
    const roomIds = which === "all" ? null : [...chosen];
    const begun = await steward.roomKeys.export({ accountId, passphrase: passphrase.typed, roomIds });
    if (!begun.job) return;
    passphrase.clear();
    setExports((before) => before + 1);
  });
  return (
    <Section title={t("roomKeys.exportTitle")}>
      <p className={styles["quiet"]}>{t("roomKeys.exportText")}</p>
      <Form round={exports} onSubmit={() => void begin.run()}>
        <Choice
          label={t("roomKeys.which")}
          look="segments"
          value={which}
          onChange={setWhich}
          options={[
            { value: "all", text: t("roomKeys.all") },
            { value: "chosen", text: t("roomKeys.chosen") },
          ]}
        />
        {which === "chosen" && <RoomChooser accountId={accountId} chosen={chosen} onChange={setChosen} />}
        <FormProblem when={which === "chosen" && chosen.size === 0}>{t("roomKeys.roomsRequired")}</FormProblem>
        <NewPassphraseFields
          passphrase={passphrase}
          words={{
            label: t("roomKeys.passphrase"),
            help: t("roomKeys.passphraseHelp"),
            again: t("roomKeys.passphraseAgain"),
            required: t("roomKeys.passphraseRequired"),
            weak: t("roomKeys.passphraseWeak"),
            differs: t("roomKeys.passphraseDiffers"),
          }}
        />
        {begin.error && <ErrorText error={begin.error} />}
        <Buttons>
          <Button type="submit" look="primary" busy={begin.busy || job?.status === "running"}>
            {t("roomKeys.export")}
          </Button>
        </Buttons>
      </Form>
      <JobOutcome job={job} />
    </Section>
  );
}
