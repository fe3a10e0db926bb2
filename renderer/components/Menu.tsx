import { Ellipsis } from "lucide-react";
import { Menu as AriaMenu, MenuItem, MenuTrigger } from "react-aria-components/Menu";
import { Popover } from "react-aria-components/Popover";
import { Button } from "./Button.tsx";
import styles from "./Menu.module.css";

interface MenuProps {
  readonly label: string;
  readonly items: readonly { readonly id: string; readonly text: string; readonly onChoose: () => void }[];
}

/** A button with three dots that opens a short list of things to do. */
export function Menu({ label, items }: MenuProps) {
  return (
    <MenuTrigger>
      <Button icon={Ellipsis} aria-label={label} />
      <Popover className={styles["popover"] ?? ""} placement="bottom end">
        <AriaMenu className={styles["menu"] ?? ""}>
          {items.map(({ id, text, onChoose }) => (
            <MenuItem key={id} id={id} className={styles["item"] ?? ""} onAction={onChoose}>
              {text}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
