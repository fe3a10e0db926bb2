import { useState } from "react";
import { createPortal, flushSync } from "react-dom";
import type { PasswordSlip } from "../../../shared/contract/bulk.ts";
import type { RowJob } from "../../../shared/contract/jobs.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useAccount } from "../../stores/accounts.ts";
import { PaperSlip } from "../userActions/PaperSlip.tsx";
import { printSlipsText } from "./bulkWords.ts";

/** As many as main gives away in one go. */
const SLIPS_AT_ONCE = 500;

interface JobPasswordsProps {
  readonly job: RowJob;
  readonly onSave: () => Promise<{ saved: boolean } | undefined>;
  readonly isSaving: boolean;
}

/**
 * The passwords that were made are here until the person has them: they are in no other place. On paper they can be handed
 * out, but are not yet saved.
 */
export function JobPasswords({ job, onSave, isSaving }: JobPasswordsProps) {
  const [saved, setSaved] = useState(false);
  const remove = useAction(() => steward.bulk.deletePasswords({ jobId: job.jobId }));
  const { slips, label, said, print } = useSlips(job);
  const account = useAccount(job.accountId);
  const count = job.unsavedPasswords;
  const problem = remove.error ?? print.error;
  return (
    <Notice
      tone="warn"
      actions={
        <>
          <Button
            look={saved ? "plain" : "primary"}
            busy={isSaving}
            onPress={() => void onSave().then((answer) => answer?.saved && setSaved(true))}
          >
            {t("bulk.savePasswords")}
          </Button>
          {account && (
            <Button busy={print.busy} onPress={() => void print.run()}>
              {label}
            </Button>
          )}
          {saved && (
            <Button look="primary" busy={remove.busy} onPress={() => void remove.run()}>
              {t("bulk.deletePasswords")}
            </Button>
          )}
        </>
      }
    >
      <p>{t("bulk.passwords", { count })}</p>
      {saved && <p>{t("bulk.passwordsSaved")}</p>}
      <div role="status">
        {said.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      {problem && <ErrorText error={problem} />}
      {account &&
        slips.length > 0 &&
        createPortal(
          <div className="printOnly">
            {slips.map(({ userId, password }) => (
              <PaperSlip key={userId} homeserver={account.homeserver} userId={userId} password={password} />
            ))}
          </div>,
          document.body,
        )}
    </Notice>
  );
}

/**
 * The slips of a Job's passwords, a portion after the other. Passwords are in the window only from the moment the person
 * prints until that has ended, and never on the screen.
 */
function useSlips({ jobId, unsavedPasswords }: RowJob) {
  const [slips, setSlips] = useState<readonly PasswordSlip[]>([]);
  const [from, setFrom] = useState(0);
  const [total, setTotal] = useState(unsavedPasswords);
  const [said, setSaid] = useState<readonly string[]>([]);
  const print = useAction(async () => {
    setSaid([]);
    const answer = await steward.bulk.slips({ jobId, from, limit: SLIPS_AT_ONCE });
    const count = answer.slips.length;
    setTotal(answer.total);
    const unsure = answer.unsure > 0 ? [t("bulk.slipsUnsure", { count: answer.unsure })] : [];
    if (count === 0) return setSaid(unsure);
    try {
      // What is printed is what is in the page at that moment.
      flushSync(() => setSlips(answer.slips));
      const { printed } = await steward.bulk.printSlips({});
      setSaid([t(printed ? "bulk.slipsPrinted" : "bulk.slipsNotPrinted", { count }), ...unsure]);
      if (printed) setFrom(from + count < answer.total ? from + count : 0);
    } finally {
      setSlips([]);
    }
  });
  return { slips, label: printSlipsText(from, total, SLIPS_AT_ONCE), said, print };
}
