import { lazy, Suspense, useEffect, useState } from "react";
import { ErrorBoundary } from "../components/ErrorBoundary.tsx";
import { Skeleton } from "../components/Spinner.tsx";
import { AllAccountsPage } from "../features/allAccounts/AllAccountsPage.tsx";
import { Notices } from "../features/notices/Notices.tsx";
import { useSecretsGateNeeded } from "../features/secretsGate/secretsGateNeeded.ts";
import { t } from "../i18n/index.ts";
import { useAnnouncements } from "../stores/announcements.ts";
import { dropChallenge, useChallenges } from "../stores/challenges.ts";
import { closeDialog, useDialogs } from "../stores/dialogs.ts";
import { useSettings } from "../stores/settings.ts";
import { useRoutes, type Route } from "../stores/routes.ts";
import { secretsNeed, useSecrets } from "../stores/secrets.ts";
import { dropVerification, isWaitingForPerson, useVerifications } from "../stores/verifications.ts";
import { AccountsColumn } from "./AccountsColumn.tsx";
import styles from "./App.module.css";
import { PagesColumn } from "./PagesColumn.tsx";
import { listenForShortcuts } from "./shortcuts.ts";

// What the first page does not need is loaded when it is needed, in one piece: many small files would be slower.
const later = () => import("./lazyPages.ts");
const AccountRoute = lazy(async () => ({ default: (await later()).AccountRoute }));
const AddAccountPage = lazy(async () => ({ default: (await later()).AddAccountPage }));
const ServersPage = lazy(async () => ({ default: (await later()).ServersPage }));
const OffboardingPage = lazy(async () => ({ default: (await later()).OffboardingPage }));
const StaffListPage = lazy(async () => ({ default: (await later()).StaffListPage }));
const SettingsPage = lazy(async () => ({ default: (await later()).SettingsPage }));
const EmergencySheetPage = lazy(async () => ({ default: (await later()).EmergencySheetPage }));
const SecretsGate = lazy(async () => ({ default: (await later()).SecretsGate }));
const DialogBoundary = lazy(async () => ({ default: (await later()).DialogBoundary }));
const ChallengeDialog = lazy(async () => ({ default: (await later()).ChallengeDialog }));
const Palette = lazy(async () => ({ default: (await later()).Palette }));
const IncomingVerifications = lazy(async () => ({ default: (await later()).IncomingVerifications }));
const VerificationDialog = lazy(async () => ({ default: (await later()).VerificationDialog }));
const SignOutDialog = lazy(async () => ({ default: (await later()).SignOutDialog }));

/** The window: accounts, the pages of the chosen one, the page; and what may lie over them. */
export function App() {
  const route = useRoutes((state) => state.route);
  useEffect(listenForShortcuts, []);
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    // What lies over the page, and all that is loaded later, is not in the way of the first picture.
    requestIdleCallback(() => setDrawn(true), { timeout: 500 });
  }, []);
  const trial = useSettings(({ info }) => info?.trial ?? false);
  return (
    <>
      {trial && <TrialBanner />}
      <div className={styles["app"]} data-pages={route.name === "account" ? "" : undefined}>
        <a className={styles["skip"]} href="#page" onClick={skipToPage}>
          {t("app.skip")}
        </a>
        <AccountsColumn />
        {route.name === "account" && <PagesColumn accountId={route.accountId} page={route.page} />}
        <main id="page" className={styles["main"]} tabIndex={-1}>
          <Notices />
          <ErrorBoundary key={routeKey(route)}>
            <Suspense fallback={<Loading />}>
              <CurrentPage route={route} />
            </Suspense>
          </ErrorBoundary>
        </main>
      </div>
      {drawn && <Dialogs />}
      <Spoken />
    </>
  );
}

/** Stays on every page: what a trial is for must not be forgotten. */
function TrialBanner() {
  return (
    <aside className={styles["trial"]} aria-label={t("trial.title")}>
      <strong>{t("trial.title")}</strong> {t("trial.text")}
    </aside>
  );
}

function CurrentPage({ route }: { readonly route: Route }) {
  const secrets = useSecrets((state) => state.state);
  const gated = useSecretsGateNeeded();
  if (gated && route.name !== "settings") return <SecretsGate />;
  switch (route.name) {
    case "all":
      return <AllAccountsPage />;
    case "add":
      return <AddAccountPage />;
    case "servers":
      return <ServersPage />;
    case "offboarding":
      return <OffboardingPage />;
    case "staffList":
      return <StaffListPage />;
    case "settings":
      return <SettingsPage />;
    case "emergencySheet":
      return <EmergencySheetPage accountId={route.accountId} />;
    case "secrets":
      return secretsNeed(secrets) === null ? <AllAccountsPage /> : <SecretsGate />;
    case "account":
      return (
        <AccountRoute
          accountId={route.accountId}
          page={route.page}
          offered={route.offered ?? false}
          created={route.created ?? false}
          userId={route.userId ?? null}
        />
      );
  }
}

function Dialogs() {
  const challenge = useChallenges((state) => state.open[0]);
  const dialog = useDialogs((state) => state.open);
  const verification = useVerifications((state) => state.open.find((one) => !isWaitingForPerson(one)));
  return (
    <Suspense>
      {dialog && (
        <DialogBoundary key={dialog.name === "signOut" ? dialog.accountId : dialog.name} onClose={closeDialog}>
          {dialog.name === "palette" ? <Palette /> : <SignOutDialog accountId={dialog.accountId} />}
        </DialogBoundary>
      )}
      <ErrorBoundary fallback={() => null}>
        <IncomingVerifications />
      </ErrorBoundary>
      {verification && (
        <DialogBoundary key={verification.verificationId} onClose={() => dropVerification(verification.verificationId)}>
          <VerificationDialog verification={verification} />
        </DialogBoundary>
      )}
      {challenge && (
        <DialogBoundary key={challenge.challengeId} onClose={() => dropChallenge(challenge.challengeId)}>
          <ChallengeDialog challenge={challenge} />
        </DialogBoundary>
      )}
    </Suspense>
  );
}

/** What is said to a screen reader alone. It stays in the page, empty, so that a change in it is noticed. */
function Spoken() {
  const spoken = useAnnouncements((state) => state.spoken);
  return (
    <div className="visuallyHidden" role="status">
      {spoken}
    </div>
  );
}

function Loading() {
  return (
    <div className={styles["loading"]}>
      <Skeleton label={t("app.loading")} lines={4} />
    </div>
  );
}

function routeKey(route: Route): string {
  return route.name === "account" ? `${route.accountId} ${route.page}` : route.name;
}

function skipToPage(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById("page")?.focus();
}
