import { ExternalLink, QrCode as QrIcon } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import type { DeviceLink } from "../../../shared/contract/linkDevice.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { QrCode } from "../../components/QrCode.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { closeDeviceLink, linkDevice, linkingAvailable, useDeviceLinks } from "../../stores/deviceLinks.ts";
import styles from "./LinkDevice.module.css";

/** The button that begins to link a device, where the server can, and the dialog while it is done, or says why it is not. */
export function LinkDevice({ accountId }: { readonly accountId: AccountId }) {
  useEffect(() => void linkingAvailable.load(accountId), [accountId]);
  const { answer } = linkingAvailable.use(accountId);
  const link = useDeviceLinks((state) => state.open.find((each) => each.accountId === accountId));
  const start = useAction(() => linkDevice(accountId));
  if (answer === null || answer.why === "not_supported") return null;
  return (
    <>
      <Button icon={QrIcon} busy={start.busy} onPress={() => void start.run()}>
        {t("linkDevice.start")}
      </Button>
      {start.error && <ErrorText error={start.error} />}
      {link && (
        <DialogBoundary onClose={() => closeDeviceLink(link.linkId)}>
          <LinkDeviceDialog link={link} />
        </DialogBoundary>
      )}
    </>
  );
}

function LinkDeviceDialog({ link }: { readonly link: DeviceLink }) {
  const close = (): void => closeDeviceLink(link.linkId);
  const over = link.status === "done" || link.status === "ended";
  const leave = (
    <Button look={over ? "primary" : "plain"} onPress={close}>
      {t(over ? "common.close" : "common.cancel")}
    </Button>
  );
  const hasButtons = link.status === "checking" || link.status === "approving";
  return (
    <Dialog title={t("linkDevice.title")} onClose={close} actions={!hasButtons && leave}>
      <div className={styles["step"]}>
        <Step link={link} leave={leave} />
      </div>
    </Dialog>
  );
}

interface StepProps<L extends DeviceLink = DeviceLink> {
  readonly link: L;
  /** The button that ends it, for beside those of the step. */
  readonly leave: ReactNode;
}

function Step({ link, leave }: StepProps) {
  switch (link.status) {
    case "starting":
      return <Skeleton label={t("linkDevice.starting")} lines={3} />;
    case "showing":
      return (
        <>
          <p>{t("linkDevice.scan")}</p>
          <QrCode qr={link.qr} label={t("linkDevice.qr")} />
          <p className={styles["quiet"]}>{t("linkDevice.scanHelp")}</p>
        </>
      );
    case "checking":
      return <CheckCode link={link} leave={leave} />;
    case "waiting":
      return <Skeleton label={t("linkDevice.waiting")} lines={2} />;
    case "approving":
      return <Approve link={link} leave={leave} />;
    case "done":
      return (
        <Notice tone="success" live>
          {t("linkDevice.done")}
        </Notice>
      );
    case "ended":
      return (
        <Notice tone="warn" live>
          {t(`linkDevice.ended.${link.reason}`)}
        </Notice>
      );
  }
}

function CheckCode({ link: { linkId }, leave }: StepProps) {
  const [code, setCode] = useState("");
  const check = useAction(() => steward.linkDevice.checkCode({ linkId, code: code.trim() }));
  return (
    <Form onSubmit={() => void check.run()}>
      <p>{t("linkDevice.digits")}</p>
      <TextField
        label={t("linkDevice.digitsLabel")}
        value={code}
        onChange={setCode}
        autoFocus
        isRequired
        validate={(typed) => (/^\d{2}$/.test(typed.trim()) ? null : t("linkDevice.digitsProblem"))}
      />
      {check.error && <ErrorText error={check.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={check.busy}>
          {t("common.continue")}
        </Button>
        {leave}
      </Buttons>
    </Form>
  );
}

function Approve({ link: { linkId, browserFailed }, leave }: StepProps<Extract<DeviceLink, { status: "approving" }>>) {
  const open = useAction(() => steward.linkDevice.openPage({ linkId }));
  return (
    <>
      <p>{t("linkDevice.approve")}</p>
      <Notice tone={browserFailed ? "warn" : "info"} live>
        {t(browserFailed ? "linkDevice.browserFailed" : "linkDevice.approving")}
      </Notice>
      {open.error && <ErrorText error={open.error} />}
      <Buttons>
        <Button icon={ExternalLink} busy={open.busy} onPress={() => void open.run()}>
          {t("linkDevice.openAgain")}
        </Button>
        {leave}
      </Buttons>
    </>
  );
}
