/**
 * A Steward without a window, to be killed: opens the data folder, and does the requests of the contract that it reads, a
 * line of JSON each (`RequestLine`). Asked for the password, it answers. Writes `ready`, then for each request
 * `answer <number> <JSON>`, and `opened <url>` for a page that it would open in the browser.
 *
 *     node requestsChild.ts <data folder> <keychain file> <password>
 */
import { createInterface } from "node:readline";
import type { Services } from "../../main/services.ts";
import type { Challenge } from "../../shared/contract/challenges.ts";
import { openChildServices } from "./childServices.ts";
import { channels } from "./contractInputs.ts";
import { secretOf } from "./secretValues.ts";

/** A request to one of the services. */
export interface RequestLine {
  service: keyof Services;
  request: string;
  input: object;
}

/** What comes as text, as main's router hands it on. */
function checked(service: string, request: string, input: object): unknown {
  const name = `${service === "recoveries" ? "recovery" : service}.${request}`;
  return channels.find((channel) => channel.name === name)?.definition.input.parse(input) ?? input;
}

const [folder, keychainFile, password] = process.argv.slice(2) as [string, string, string];
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const opening: Promise<Services> = openChildServices(folder, keychainFile, {
  recoveryTimes: { pollMs: 100 },
  registrationPollMs: 100,
  openInBrowser: (url) => Promise.resolve(say(`opened ${url}`)),
  emit: (channel, payload) => {
    if (channel !== "challenges.changed") return;
    const { challengeId, status } = payload as Challenge;
    if (status !== "asking") return;
    const answer = { kind: "password" as const, password: secretOf("password", password) };
    void opening.then((services) => services.challenges.answer({ challengeId, answer }));
  },
});
const opened = await opening;
await opened.sessions.restoreAll();
say("ready");
let number = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { service, request, input } = JSON.parse(line) as RequestLine;
  const called = (number += 1);
  const target = opened[service] as unknown as Record<string, (input: unknown) => unknown>;
  void Promise.resolve(target[request]?.(checked(service, request, input))).then(
    (answer) => say(`answer ${called} ${JSON.stringify(answer)}`),
    (error: unknown) => say(`answer ${called} ${String(error)}`),
  );
}
