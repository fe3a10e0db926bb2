import { expect } from "vitest";
import { type AuthService, startAuthService } from "../../support/authService/authService.ts";
import { PersonsBrowser } from "../../support/browser.ts";
import { type AppOptions, startApp } from "../../support/electronApp.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { type Mailbox, startMailbox } from "../../support/mail.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../../support/openIdProvider.ts";
import { freePort } from "../../support/ports.ts";
import { type SecretServiceForTests, startSecretService } from "../../support/secretService.ts";
import { sweepForSecrets } from "../../support/secretsSweep.ts";
import { startSynapse, type Synapse, type SynapseOptions } from "../../support/synapse.ts";
import { Person } from "./person.ts";

/** A homeserver, a keychain, and a person before the running app. */
export interface World {
  synapse: Synapse;
  keyring: SecretServiceForTests;
  person: Person;
  close(): Promise<void>;
}

/** What a world can have besides. */
interface Extras {
  /** Takes the homeserver's mails. */
  mailbox: Mailbox;
  /** Lets people sign in at the homeserver by single sign-on, with buttons as `providers` names them. */
  provider: OpenIdProvider;
  /** Is the homeserver's OAuth 2.0 authorization server: its users are made there, and passwords are its own. */
  authService: AuthService;
  /** Opens what the app opens. */
  browser: PersonsBrowser;
  /** Stands before the homeserver, and is its public address. */
  proxy: FaultProxy;
}

interface WorldOptions<E extends keyof Extras> {
  homeserver?: SynapseOptions;
  keychain?: "unlocked" | "locked" | "none";
  app?: Omit<AppOptions, "env">;
  /** Which of the extras there are. */
  with?: readonly E[];
  /** The names on the homeserver's buttons, in order; `Example` alone unless named. Their ids are `example`, `example2`... */
  providers?: readonly { name: string; brand?: string; allowExistingUsers?: boolean }[];
}

/** Starts all of it; `close` ends it and removes what it left. */
export async function openWorld<E extends keyof Extras = never>(options: WorldOptions<E> = {}): Promise<World & Pick<Extras, E>> {
  const toClose: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const part of toClose.reverse().splice(0)) await part();
  };
  const wanted: readonly (keyof Extras)[] = options.with ?? [];
  const startIf = async <T extends { stop(): Promise<void> }>(name: keyof Extras, start: () => Promise<T>): Promise<T | undefined> => {
    if (!wanted.includes(name)) return undefined;
    const part = await start();
    toClose.push(() => part.stop());
    return part;
  };
  try {
    const port = await freePort();
    const mailbox = await startIf("mailbox", startMailbox);
    const proxy = await startIf("proxy", () => startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true }));
    const publicBaseUrl = `${proxy?.baseUrl ?? `http://127.0.0.1:${port}`}/`;
    const callback = `${publicBaseUrl}_synapse/client/oidc/callback`;
    const provider = await startIf("provider", () => startOpenIdProvider([callback]));
    const homeserver = { serverName: options.homeserver?.serverName ?? "example.org", baseUrl: `http://127.0.0.1:${port}` };
    const authService = await startIf("authService", () => startAuthService(homeserver));
    const browser = await startIf("browser", () => PersonsBrowser.start());
    const [synapse, keyring] = await Promise.all([
      startSynapse({
        serverName: "example.org",
        port,
        ...(wanted.length > 0 && { publicBaseUrl }),
        ...(mailbox && { mailPort: mailbox.port }),
        ...options.homeserver,
        config: {
          ...(provider && singleSignOn(provider, options.providers)),
          ...authService?.synapseConfig,
          ...options.homeserver?.config,
        },
      }),
      startSecretService(options.keychain),
    ]);
    toClose.push(
      () => synapse.stop(),
      () => keyring.stop(),
    );
    const steward = await startApp({ ...options.app, env: { ...keyring.env, ...browser?.env } });
    toClose.push(() => steward.close());
    const extras = { mailbox, provider, authService, browser, proxy } as unknown as Pick<Extras, E>;
    return { synapse, keyring, person: new Person(steward), close, ...extras };
  } catch (error) {
    await close();
    throw error;
  }
}

function singleSignOn(provider: OpenIdProvider, buttons: WorldOptions<never>["providers"] = [{ name: "Example" }]): object {
  const idOf = (index: number): string => `example${index === 0 ? "" : index + 1}`;
  return {
    oidc_providers: buttons.map((button, index) => provider.synapseConfig({ idpId: idOf(index), ...button })),
    // Without it there is one more page to press "Continue" on.
    sso: { client_whitelist: ["http://127.0.0.1:"] },
  };
}

/**
 * Fails when one of the secrets, by their names, or any access token of the homeserver's is in the app's files (its log
 * among them) or was written to its output.
 */
export async function expectNoLeaks(
  { synapse, person: { app }, authService }: World & Partial<Pick<Extras, "authService">>,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const tokens = [...(await synapse.accessTokens()), ...(authService?.tokens ?? [])];
  expect(tokens.length).toBeGreaterThan(0);
  const all = { ...secrets, ...Object.fromEntries(tokens.map((token, index) => [`access token ${index + 1}`, token])) };
  // A Security Key is shown in groups, and may be written with or without the spaces between them.
  const bare = Object.entries(secrets).flatMap(([name, secret]) =>
    secret.includes(" ") ? [[`${name} without spaces`, secret.replaceAll(" ", "")]] : [],
  );
  const leaks = await sweepForSecrets({ ...all, ...Object.fromEntries(bare) }, { folders: [app.userData], texts: { output: app.output } });
  expect(leaks).toEqual([]);
  expect(await app.log()).not.toBe("");
}
