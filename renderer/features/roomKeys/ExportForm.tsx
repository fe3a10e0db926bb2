import { useState } from "react";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Form, Section } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { StrengthMeter } from "../secureBackup/StrengthMeter.tsx";
import { usePhraseStrength } from "../secureBackup/usePhraseStrength.ts";
import { JobOutcome } from "./JobOutcome.tsx";
import { RoomChooser } from "./RoomChooser.tsx";
import styles from "./RoomKeys.module.css";
import { useLastJob } from "./useLastJob.ts";

/** Exports the keys of all or of chosen rooms. The passphrase is typed twice: nobody can ever tell it again. */
export function ExportForm({ accountId }: { readonly accountId: AccountId }) {
  const [which, setWhich] = useState<"all" | "chosen">("all");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const strength = usePhraseStrength(accountId, passphrase, "keyFile");
  const job = useLastJob(accountId, "export_room_keys");
  const begin = useAction(async () => {
    const roomIds = which === "all" ? null : [...chosen];
    const begun = await steward.roomKeys.export({ accountId, passphrase, roomIds });
    if (!begun.job) return;
    setPassphrase("");
    setAgain("");
    setTried(false);
  });
  const weak = strength !== null && !strength.good;
  const noRoom = which === "chosen" && chosen.size === 0;
  const submit = (): void => {
    setTried(true);
    if (passphrase !== "" && passphrase === again && !weak && !noRoom) void begin.run();
  };
  const problem = passphrase === "" ? t("roomKeys.passphraseRequired") : weak ? t("roomKeys.passphraseWeak") : null;
  return (
    <Section title={t("roomKeys.exportTitle")}>
      <p className={styles["quiet"]}>{t("roomKeys.exportText")}</p>
      <Form onSubmit={submit}>
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
        {tried && noRoom && (
          <p className={styles["problem"]} role="alert">
            {t("roomKeys.roomsRequired")}
          </p>
        )}
        <PasswordField
          label={t("roomKeys.passphrase")}
          help={t("roomKeys.passphraseHelp")}
          value={passphrase}
          onChange={setPassphrase}
          autoComplete="new-password"
          problem={tried ? problem : null}
        />
        {passphrase !== "" && <StrengthMeter strength={strength} />}
        <PasswordField
          label={t("roomKeys.passphraseAgain")}
          value={again}
          onChange={setAgain}
          autoComplete="new-password"
          problem={tried && passphrase !== again ? t("roomKeys.passphraseDiffers") : null}
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
