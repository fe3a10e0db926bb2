import { expect } from "vitest";
import { type AppOptions, startApp } from "../../support/electronApp.ts";
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

interface WorldOptions {
  homeserver?: SynapseOptions;
  keychain?: "unlocked" | "locked" | "none";
  app?: Omit<AppOptions, "env">;
}

/** Starts all of it; `close` ends it and removes what it left. */
export async function openWorld({ homeserver, keychain, app }: WorldOptions = {}): Promise<World> {
  const toClose: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const part of toClose.reverse().splice(0)) await part();
  };
  try {
    const [synapse, keyring] = await Promise.all([
      startSynapse({ serverName: "example.org", ...homeserver }),
      startSecretService(keychain),
    ]);
    toClose.push(() => synapse.stop(), () => keyring.stop());
    const steward = await startApp({ ...app, env: keyring.env });
    toClose.push(() => steward.close());
    return { synapse, keyring, person: new Person(steward), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Fails when one of the secrets, by their names, or any access token of the homeserver's is in the app's files (its log
 * among them) or was written to its output.
 */
export async function expectNoLeaks(
  { synapse, person: { app } }: World,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const tokens = await synapse.accessTokens();
  expect(tokens.length).toBeGreaterThan(0);
  const all = { ...secrets, ...Object.fromEntries(tokens.map((token, index) => [`access token ${index + 1}`, token])) };
  // A Security Key is shown in groups, and may be written with or without the spaces between them.
  const bare = Object.entries(secrets).flatMap(([name, secret]) =>
    secret.includes(" ") ? [[`${name} without spaces`, secret.replaceAll(" ", "")]] : [],
  );
  const leaks = await sweepForSecrets(
    { ...all, ...Object.fromEntries(bare) },
    { folders: [app.userData], texts: { output: app.output } },
  );
  expect(leaks).toEqual([]);
  expect(await app.log()).not.toBe("");
}
