import { ImagePlus } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { Button } from "../../components/Button.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { CropDialog } from "./CropDialog.tsx";
import type { CroppedPicture } from "./cropImage.ts";
import styles from "./Profile.module.css";

interface PictureChooserProps {
  /** The picture as it is now. */
  readonly shown: ReactNode;
  /** Whether there is one that can be replaced or removed. */
  readonly hasPicture: boolean;
  /** What is said below the buttons. */
  readonly text: string;
  /** How large it may be on the server, in bytes; null where that is not known. */
  readonly limitBytes: number | null;
  readonly isDisabled?: boolean;
  /** Whether it can only be looked at. */
  readonly isReadOnly?: boolean;
  /** Whether it only gets onto the server later: then nothing is said of that. */
  readonly isKept?: boolean;
  readonly onSet: (picture: CroppedPicture) => Promise<void>;
  readonly onRemove: () => Promise<void>;
}

/** A picture with what can be done to it: choose, crop, replace, remove. */
export function PictureChooser({
  shown,
  hasPicture,
  text,
  limitBytes,
  isDisabled = false,
  isReadOnly = false,
  isKept = false,
  onSet,
  onRemove,
}: PictureChooserProps) {
  const fileInput = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<{ readonly image: ImageBitmap; readonly transparent: boolean } | null>(null);
  const [unreadable, setUnreadable] = useState(false);
  const remove = useAction(async () => {
    await onRemove();
    if (!isKept) announce(() => t("profile.pictureRemoved"));
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
    <>
      <div className={styles["picture"]}>
        {shown}
        <div className={styles["side"]}>
          {!isReadOnly && (
            <div className={styles["buttons"]}>
              <Button icon={ImagePlus} isDisabled={isDisabled} onPress={() => fileInput.current?.click()}>
                {t(hasPicture ? "profile.replace" : "profile.choose")}
              </Button>
              {hasPicture && (
                <Button look="quiet" isDisabled={isDisabled} busy={remove.busy} onPress={() => void remove.run()}>
                  {t("profile.remove")}
                </Button>
              )}
            </div>
          )}
          <p className={styles["hint"]}>{text}</p>
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
      {chosen && (
        <DialogBoundary onClose={() => setChosen(null)}>
          <CropDialog
            image={chosen.image}
            transparent={chosen.transparent}
            limitBytes={limitBytes}
            onClose={() => setChosen(null)}
            onCropped={async (picture) => {
              await onSet(picture);
              if (!isKept) announce(() => t("profile.pictureSaved"));
            }}
          />
        </DialogBoundary>
      )}
    </>
  );
}
