import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { cropImage, drawCrop, type CroppedPicture } from "./cropImage.ts";
import { clampCrop, MAX_ZOOM, moveCrop, wholeCrop } from "./cropMath.ts";
import styles from "./Profile.module.css";

/** The square on the screen, in CSS pixels. */
const SHOWN = 280;

interface CropDialogProps {
  readonly image: ImageBitmap;
  readonly transparent: boolean;
  readonly limitBytes: number | null;
  readonly onClose: () => void;
  /** Uploads; the dialog stays until it has gone well. */
  readonly onCropped: (picture: CroppedPicture) => Promise<void>;
}

/** Cuts a square out of a picture, by dragging and zooming or with the keyboard. */
export function CropDialog({ image, transparent, limitBytes, onClose, onCropped }: CropDialogProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dragged = useRef<{ x: number; y: number } | null>(null);
  const [crop, setCrop] = useState(() => wholeCrop(image));
  const upload = useAction(async () => {
    await onCropped(await cropImage(image, crop, transparent, limitBytes));
    onClose();
  });
  const side = SHOWN * window.devicePixelRatio;

  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context) drawCrop(context, image, crop, side);
  }, [image, crop, side]);

  const zoomTo = (zoom: number): void => setCrop((now) => clampCrop(image, { ...now, zoom }));
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-0.05, 0],
      ArrowRight: [0.05, 0],
      ArrowUp: [0, -0.05],
      ArrowDown: [0, 0.05],
    };
    const move = moves[event.key];
    if (move) setCrop((now) => moveCrop(image, now, ...move));
    else if (event.key === "+" || event.key === "=") zoomTo(crop.zoom * 1.1);
    else if (event.key === "-") zoomTo(crop.zoom / 1.1);
    else return;
    event.preventDefault();
  };
  const onPointerMove = (event: PointerEvent): void => {
    const from = dragged.current;
    if (!from) return;
    dragged.current = { x: event.clientX, y: event.clientY };
    setCrop((now) => moveCrop(image, now, (from.x - event.clientX) / SHOWN, (from.y - event.clientY) / SHOWN));
  };
  return (
    <Dialog
      title={t("profile.crop.title")}
      onClose={() => !upload.busy && onClose()}
      actions={
        <>
          <Button look="primary" busy={upload.busy} onPress={() => void upload.run()}>
            {t(upload.busy ? "profile.crop.uploading" : "profile.crop.use")}
          </Button>
          <Button isDisabled={upload.busy} onPress={onClose}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      <p className={styles["hint"]} id="crop-help">
        {t("profile.crop.help")}
      </p>
      <div
        className={styles["crop"]}
        role="application"
        aria-label={t("profile.crop.area")}
        aria-describedby="crop-help"
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          dragged.current = { x: event.clientX, y: event.clientY };
        }}
        onPointerMove={onPointerMove}
        onPointerUp={() => {
          dragged.current = null;
        }}
        onWheel={(event) => zoomTo(crop.zoom * (event.deltaY < 0 ? 1.08 : 1 / 1.08))}
      >
        <canvas ref={canvas} width={side} height={side} className={styles["canvas"]} />
      </div>
      <label className={styles["zoom"]}>
        <span>{t("profile.crop.zoom")}</span>
        <input type="range" min={1} max={MAX_ZOOM} step={0.01} value={crop.zoom} onChange={(event) => zoomTo(Number(event.target.value))} />
      </label>
      {upload.error && <ErrorText error={upload.error} />}
    </Dialog>
  );
}
