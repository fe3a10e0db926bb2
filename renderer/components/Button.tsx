import type { LucideIcon } from "lucide-react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components/Button";
import styles from "./Button.module.css";
import { classNames } from "./classNames.ts";
import { Spinner } from "./Spinner.tsx";

interface ButtonProps extends Omit<AriaButtonProps, "children" | "className" | "style"> {
  readonly look?: "primary" | "plain" | "quiet" | "danger";
  readonly icon?: LucideIcon;
  /** Shows a spinner and takes no presses, but keeps the focus. */
  readonly busy?: boolean;
  readonly small?: boolean;
  readonly children?: string;
}

/** A button. With an icon and no text it needs an `aria-label`. */
export function Button({ look = "plain", icon: Icon, busy = false, small, children, onPress, ...rest }: ButtonProps) {
  // react-aria's own `isPending` leaves announcements behind that name a button which may be gone.
  return (
    <AriaButton
      {...rest}
      {...(busy ? { "aria-disabled": true } : {})}
      {...(onPress && !busy ? { onPress } : {})}
      className={classNames(styles["button"], styles[look], small && styles["small"], !children && styles["iconOnly"])}
    >
      {busy ? <Spinner /> : Icon && <Icon size={small ? 14 : 16} aria-hidden />}
      {children && <span>{children}</span>}
    </AriaButton>
  );
}
