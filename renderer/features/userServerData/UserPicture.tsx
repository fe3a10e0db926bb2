import { ImagePlus } from "lucide-react";
import { useEffect, useMemo, useState, useRef } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { User } from "../../../shared/contract/users.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { userAvatar } from "../../stores/userServerData.ts";
import { userKey } from "../../stores/users.ts";
import { CropDialog } from "../profile/CropDialog.tsx";
import { LoadedSection } from "./LoadedSection.tsx";
import styles from "./UserServerData.module.css";

interface UserPictureProps {
  readonly account: Account;
  readonly user: User;
  /** Called with the user as they are now. */
  readonly onChanged: (user: User) => void;
}

/** A user's picture: seen, given, taken away. */
export function UserPicture({ account: { accountId }, user, onChanged }: UserPictureProps) {
  const { userId, avatarMxc, deactivated } = user;
  const key = userKey(accountId, userId);
  const fileInput = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<{ readonly image: ImageBitmap; readonly transparent: boolean } | null>(null);
  const [unreadable, setUnreadable] = useState(false);
  const changed = (now: User): void => {
    onChanged(now);
    userAvatar.reload(key);
  };
  const remove = useAction(async () => {
    changed(await steward.userServerData.removeAvatar({ accountId, userId }));
    announce(t("profile.pictureRemoved"));
  });
  const choose = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      setChosen({ image: await createImageBitmap(file), transparent: file.type !== "image/jpeg" });
      setUnreadable(false);
    } catch {
      setUnreadable(true);
    }
  };
  return (
    <LoadedSection title={t("profile.picture")} store={userAvatar} userKey={key}>
      {({ image }) => (
        <>
          <div className={styles["picture"]}>
            {image !== null && <ShownPicture image={image} />}
            <div className={styles["side"]}>
              <p className={styles["quiet"]}>{avatarMxc === null ? t("userData.noPicture") : image === null ? t("userData.pictureUnseen") : t("userData.pictureIs")}</p>
              {!deactivated && (
                <Buttons>
                  <Button icon={ImagePlus} onPress={() => fileInput.current?.click()}>
                    {t(avatarMxc === null ? "profile.choose" : "profile.replace")}
                  </Button>
                  {avatarMxc !== null && (
                    <Button look="quiet" busy={remove.busy} onPress={() => void remove.run()}>
                      {t("profile.remove")}
                    </Button>
                  )}
                </Buttons>
              )}
            </div>
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
          {unreadable && (
            <Notice tone="error" live>
              {t("profile.notAPicture")}
            </Notice>
          )}
          {remove.error && <ErrorText error={remove.error} />}
          {chosen && (
            <DialogBoundary onClose={() => setChosen(null)}>
              <CropDialog
                image={chosen.image}
                transparent={chosen.transparent}
                limitBytes={null}
                onClose={() => setChosen(null)}
                onCropped={async (picture) => {
                  changed(await steward.userServerData.setAvatar({ accountId, userId, ...picture }));
                  announce(t("profile.pictureSaved"));
                }}
              />
            </DialogBoundary>
          )}
        </>
      )}
    </LoadedSection>
  );
}

function ShownPicture({ image }: { readonly image: Uint8Array<ArrayBuffer> }) {
  const url = useMemo(() => URL.createObjectURL(new Blob([image])), [image]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img className={styles["avatar"]} src={url} alt={t("profile.picture")} />;
}
