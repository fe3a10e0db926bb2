import type { QrCode as Qr } from "../../shared/contract/qrCode.ts";
import styles from "./QrCode.module.css";

/** The light border that a reader needs around a code (ISO/IEC 18004), in modules. */
const QUIET_MODULES = 4;

/** A QR code, dark on light in both themes: readers want it so. */
export function QrCode({ qr, label }: { readonly qr: Qr; readonly label: string }) {
  const width = qr.size + 2 * QUIET_MODULES;
  return (
    <svg
      className={styles["qr"]}
      viewBox={`${-QUIET_MODULES} ${-QUIET_MODULES} ${width} ${width}`}
      shapeRendering="crispEdges"
      role="img"
      aria-label={label}
    >
      <path d={darkModules(qr)} />
    </svg>
  );
}

/** One square of the path for each dark module. */
function darkModules({ size, modules }: Qr): string {
  let path = "";
  modules.forEach((dark, index) => {
    if (dark === 1) path += `M${index % size} ${Math.floor(index / size)}h1v1h-1z`;
  });
  return path;
}
