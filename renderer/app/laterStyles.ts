/**
 * The styles of everything that is loaded later. They are in the one style sheet from the start, because a part that
 * is loaded later brings its script but no style sheet.
 */
import "../components/Choice.module.css";
import "../components/CodeField.module.css";
import "../components/CopyableText.module.css";
import "../components/Dialog.module.css";
import "../components/FilterButtons.module.css";
import "../components/Form.module.css";
import "../components/Menu.module.css";
import "../components/PhoneField.module.css";
import "../components/PoliciesForm.module.css";
import "../components/QrCode.module.css";
import "../components/Rows.module.css";
import "../components/StrengthMeter.module.css";
import "../components/TextField.module.css";
import "../components/Wizard.module.css";
import "../features/actionLog/ActionLog.module.css";
import "../features/activity/Activity.module.css";
import "../features/addAccount/AddAccount.module.css";
import "../features/bulk/Bulk.module.css";
import "../features/bulk/LongTable.module.css";
import "../features/deactivate/Deactivate.module.css";
import "../features/emergencySheet/EmergencySheet.module.css";
import "../features/linkDevice/LinkDevice.module.css";
import "../features/lock/LockScreen.module.css";
import "../features/offboarding/Offboarding.module.css";
import "../features/overview/Overview.module.css";
import "../features/palette/Palette.module.css";
import "../features/profile/Profile.module.css";
import "../features/registrationTokens/RegistrationTokens.module.css";
import "../features/roomKeys/RoomKeys.module.css";
import "../features/secretsGate/SecretsGate.module.css";
import "../features/secureBackup/SecureBackup.module.css";
import "../features/servers/Servers.module.css";
import "../features/sessions/Sessions.module.css";
import "../features/settings/Settings.module.css";
import "../features/signInAgain/CodeToType.module.css";
import "../features/signInAgain/SingleSignOn.module.css";
import "../features/signOut/SignOut.module.css";
import "../features/staffList/StaffList.module.css";
import "../features/statistics/Statistics.module.css";
import "../features/userActions/UserActions.module.css";
import "../features/userServerData/UserServerData.module.css";
import "../features/users/Users.module.css";
import "../features/verification/Incoming.module.css";
import "../features/verification/Verification.module.css";
