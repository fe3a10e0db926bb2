import {
  Archive,
  ArchiveX,
  LogOut,
  Mail,
  MailX,
  MonitorCheck,
  MonitorSmartphone,
  MonitorX,
  ShieldAlert,
  type LucideIcon,
} from "lucide-react";
import type { ActivityKind } from "../../../shared/contract/activity.ts";

const icons: Record<ActivityKind, LucideIcon> = {
  session_new: MonitorSmartphone,
  session_gone: MonitorX,
  session_ended: LogOut,
  session_verified: MonitorCheck,
  session_unverified: MonitorX,
  identity_changed: ShieldAlert,
  backup_created: Archive,
  backup_replaced: Archive,
  backup_deleted: ArchiveX,
  email_added: Mail,
  email_removed: MailX,
};

/** The picture of what happened. The words beside it say the same. */
export function ActivityIcon({ kind }: { readonly kind: ActivityKind }) {
  const Icon = icons[kind];
  return <Icon size={20} aria-hidden />;
}
