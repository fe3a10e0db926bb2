import { create } from "zustand";
import type { AccountId } from "../../shared/ids.ts";

/** A dialog that can be opened from several places. Challenges open by themselves and are not among them. */
export type OpenDialog = { readonly name: "palette" } | { readonly name: "signOut"; readonly accountId: AccountId };

export const useDialogs = create<{ readonly open: OpenDialog | null }>()(() => ({ open: null }));

/** Opens a dialog in place of the one that is open. */
export function openDialog(open: OpenDialog): void {
  useDialogs.setState({ open });
}

/** Closes whatever dialog is open. */
export function closeDialog(): void {
  useDialogs.setState({ open: null });
}
