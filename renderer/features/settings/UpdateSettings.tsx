import { useEffect, useRef } from "react";
import type { NewerVersion, UpdateDownload } from "../../../shared/contract/updates.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useAction } from "../../components/useAction.ts";
import { sizeText, t } from "../../i18n/index.ts";
import { lookForUpdates, useSettings } from "../../stores/settings.ts";
import { useUpdates } from "../../stores/updates.ts";
import styles from "./Settings.module.css";

/** Whether there is a newer version, and its installation. Nothing where this copy wasn't told whom to ask. */
export function UpdateSettings() {
  const state = useUpdates((updates) => updates.state);
  const daily = useSettings(({ settings }) => settings.lookForUpdates ?? false);
  const change = useAction(lookForUpdates);
  // What each of these comes to is told by the event.
  const check = useAction(() => steward.updates.check({}));
  const status = useFocusWhenLost(state?.download.phase);
  if (!state?.supported) return null;
  const { newer, checkedAt, download } = state;
  const error = change.error ?? check.error;
  return (
    <Section title={t("updates.section")}>
      <Checkbox value={daily} onChange={(value) => void change.run(value)} explanation={t("updates.dailyMeaning")}>
        {t("updates.daily")}
      </Checkbox>
      <p role="status" tabIndex={-1} ref={status}>
        {newer ? standing(newer, download) : checkedAt === null || check.error ? "" : t("updates.none")}
      </p>
      {newer && newer.notes !== "" && (
        <section aria-label={t("updates.notes", { version: newer.version })} className={styles["notes"]}>
          <ServerText>{newer.notes}</ServerText>
        </section>
      )}
      {error && <ErrorText error={error} />}
      {newer && <Installation key={newer.version} newer={newer} download={download} />}
      <Buttons>
        <Button busy={check.busy} onPress={() => void check.run()}>
          {t("updates.check")}
        </Button>
      </Buttons>
    </Section>
  );
}

function standing({ version }: NewerVersion, { phase }: UpdateDownload): string {
  if (phase === "downloading") return t("updates.downloading", { version });
  return t(phase === "ready" ? "updates.ready" : "updates.newer", { version });
}

/** The button that was pressed may be gone when a download begins or ends: what is said of it then gets the focus. */
function useFocusWhenLost(phase: UpdateDownload["phase"] | undefined) {
  const status = useRef<HTMLParagraphElement>(null);
  const before = useRef(phase);
  useEffect(() => {
    if (before.current !== phase && document.activeElement === document.body) status.current?.focus({ preventScroll: true });
    before.current = phase;
  }, [phase]);
  return status;
}

interface InstallationProps {
  readonly newer: NewerVersion;
  readonly download: UpdateDownload;
}

/** From the download to the restart; where Steward can't do that, the page of the version alone. */
function Installation({ newer: { version, sizeBytes }, download }: InstallationProps) {
  const open = useAction(() => steward.updates.openPage({}));
  const begin = useAction(() => steward.updates.download({}));
  const cancel = useAction(() => steward.updates.cancelDownload({}));
  const restart = useAction(() => steward.updates.restart({}));
  const failed = download.phase === "failed" ? download.error : null;
  // Of what can be pressed now: what failed in an earlier phase is no news any more.
  const errors = {
    downloading: cancel.error,
    ready: restart.error,
    failed: begin.error ?? open.error ?? failed,
    none: begin.error ?? open.error,
  };
  const error = errors[download.phase];
  const installs = sizeBytes !== null;
  const isUnderWay = download.phase === "downloading" || download.phase === "ready";
  return (
    <>
      {download.phase === "downloading" && installs && (
        <>
          <p>{t("updates.received", { received: sizeText(download.receivedBytes), size: sizeText(sizeBytes) })}</p>
          <progress
            className={styles["bar"]}
            aria-label={t("updates.downloading", { version })}
            max={sizeBytes}
            value={download.receivedBytes}
          />
        </>
      )}
      {error && <ErrorText error={error} />}
      <Buttons>
        {download.phase === "ready" && (
          <Button look="primary" busy={restart.busy} onPress={() => void restart.run()}>
            {t("updates.restart")}
          </Button>
        )}
        {download.phase === "downloading" && (
          <Button busy={cancel.busy} onPress={() => void cancel.run()}>
            {t("updates.cancel")}
          </Button>
        )}
        {installs && !isUnderWay && (
          <Button look="primary" busy={begin.busy} onPress={() => void begin.run()}>
            {t(failed ? "updates.again" : "updates.download", { size: sizeText(sizeBytes) })}
          </Button>
        )}
        {!isUnderWay && (
          <Button look={installs ? "quiet" : "primary"} busy={open.busy} onPress={() => void open.run()}>
            {t("updates.open")}
          </Button>
        )}
      </Buttons>
    </>
  );
}
