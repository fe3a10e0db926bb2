import { ImagePlus } from "lucide-react";
import { useRef, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { Profile } from "../../../shared/contract/profile.ts";
import { steward } from "../../bridge.ts";
import { Avatar } from "../../components/Avatar.tsx";
import { Button } from "../../components/Button.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { sizeText, t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { CropDialog } from "./CropDialog.tsx";
import styles from "./Profile.module.css";

interface PictureProps {
  readonly account: Account;
  readonly profile: Profile;
  readonly onChange: (profile: Profile) => void;
}

/** The account's picture: choose, crop, replace, remove, as far as the server allows it. */
export function Picture({ account, profile, onChange }: PictureProps) {
  const { accountId, session } = account;
  const fileInput = useRef<HTMLInputElement>(null);
  const [bitmap, setBitmap] = useState<{ image: ImageBitmap; transparent: boolean } | null>(null);
  const [unreadable, setUnreadable] = useState(false);
  const remove = useAction(async () => {
    onChange(await steward.profile.removeAvatar({ accountId }));
    announce(t("profile.pictureRemoved"));
  });
  const choose = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      setBitmap({ image: await createImageBitmap(file), transparent: file.type !== "image/jpeg" });
      setUnreadable(false);
    } catch {
      setUnreadable(true);
    }
  };
  const allowed = profile.canChangeAvatar && session.status === "running";
  const limit = profile.uploadLimitBytes;
  return (
    <Section title={t("profile.picture")}>
      <div className={styles["picture"]}>
        <Avatar account={{ ...account, avatarPath: profile.avatarPath }} size={88} />
        <div className={styles["side"]}>
          <div className={styles["buttons"]}>
            <Button icon={ImagePlus} isDisabled={!allowed} onPress={() => fileInput.current?.click()}>
              {t(profile.avatarPath ? "profile.replace" : "profile.choose")}
            </Button>
            {profile.avatarPath && (
              <Button look="quiet" isDisabled={!allowed} busy={remove.busy} onPress={() => void remove.run()}>
                {t("profile.remove")}
              </Button>
            )}
          </div>
          <p className={styles["hint"]}>
            {!profile.canChangeAvatar
              ? t("profile.pictureNotAllowed")
              : limit === null
                ? t("profile.limitUnknown")
                : t("profile.limit", { limit: sizeText(limit) })}
          </p>
        </div>
        <input
          ref={fileInput}
          type="file"
          hidden
          aria-label={t("profile.choose")}
          accept="image/png,image/jpeg,image/webp,image/gif"
          onChange={(event) => {
            void choose(event.target.files?.[0]);
            // Choosing the same file a second time must be noticed too.
            event.target.value = "";
          }}
        />
      </div>
      {unreadable && (
        <Notice tone="error" live>
          {t("profile.notAPicture")}
        </Notice>
      )}
      {remove.error && <ErrorText error={remove.error} />}
      {bitmap && (
        <DialogBoundary onClose={() => setBitmap(null)}>
          <CropDialog
            image={bitmap.image}
            transparent={bitmap.transparent}
            limitBytes={limit}
            onClose={() => setBitmap(null)}
            onCropped={async (picture) => {
              onChange(await steward.profile.setAvatar({ accountId, ...picture }));
              announce(t("profile.pictureSaved"));
            }}
          />
        </DialogBoundary>
      )}
    </Section>
  );
}
