/** Everything that is not on the first page, as one piece that is loaded once that page is shown. */
export { DialogBoundary } from "../components/DialogBoundary.tsx";
export { AddAccountPage } from "../features/addAccount/AddAccountPage.tsx";
export { ChallengeDialog } from "../features/challenge/ChallengeDialog.tsx";
export { EmergencySheetPage } from "../features/emergencySheet/EmergencySheetPage.tsx";
export { LockScreen } from "../features/lock/LockScreen.tsx";
export { OffboardingPage } from "../features/offboarding/OffboardingPage.tsx";
export { Palette } from "../features/palette/Palette.tsx";
export { SecretsGate } from "../features/secretsGate/SecretsGate.tsx";
export { ServersPage } from "../features/servers/ServersPage.tsx";
export { SettingsPage } from "../features/settings/SettingsPage.tsx";
export { SignOutDialog } from "../features/signOut/SignOutDialog.tsx";
export { StaffListPage } from "../features/staffList/StaffListPage.tsx";
export { IncomingVerifications } from "../features/verification/IncomingVerification.tsx";
export { VerificationDialog } from "../features/verification/VerificationDialog.tsx";
export { AccountRoute } from "./AccountRoute.tsx";
