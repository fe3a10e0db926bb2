import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { VerificationIn } from "../../../shared/contract/verifications.ts";
import { readQr } from "../../support/readQr.ts";
import { secretOf } from "../../support/secretValues.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { agree } from "../../support/verificationPartner.ts";
import { only, VerificationRig } from "../../support/verificationRig.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const ALL_WELL = ["session_verified", "secrets_here", "backup_connected"].map((check) => ({ check, status: "done" }));
const OTHER_WELL = [{ check: "session_verified", status: "done" }];

let synapse: Synapse;
let rig: VerificationRig;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());
afterEach(() => rig.close());

/** Our session is verified now, with all that comes with it, and everybody was told. */
async function expectVerifiedHere(done: VerificationIn<"done">): Promise<void> {
  const { services, accountId, data, other } = rig;
  expect(done.checks).toEqual(ALL_WELL);
  const state = await services.secureBackup.state({ accountId });
  expect(state).toMatchObject({ diagnosis: "working", proven: true, backup: { active: true, keyCount: 2 } });
  expect(await other.isVerified(rig.deviceId)).toBe(true);
  await waitUntil(() => services.sessions.account(accountId).health?.thisSession === "verified", { what: "health" });
  await waitUntil(() => data.events.some(({ channel, payload }) => channel === "secureBackup.stateChanged" && payload.state.proven), {
    what: "the state of Secure Backup to be announced",
  });
}

describe("emoji and numbers", () => {
  it("verify this session when it asks", async () => {
    rig = await VerificationRig.open(synapse);
    const { services, accountId, other } = rig;
    expect(await services.verifications.candidates({ accountId })).toEqual({
      otherSessions: 1,
      verified: [{ deviceId: other.tokens.deviceId, name: "Phone" }],
    });
    const asked = await rig.request();
    expect(asked).toMatchObject({ phase: "requested", incoming: false, subject: "this_session", deviceName: "Phone" });
    const { theirs, callbacks, comparing } = await rig.compare(asked);
    expect(comparing.emoji?.map(({ symbol }) => symbol)).toEqual(callbacks.sas.emoji?.map(([symbol]) => symbol));
    expect(comparing.decimals).toEqual(callbacks.sas.decimal);
    expect(comparing.expiresAt - Date.now()).toBeLessThanOrEqual(60_000);
    const { inner } = theirs.verifier as unknown as { inner: { emojiIndex(): Uint8Array } };
    expect(comparing.emoji?.map(({ number }) => number)).toEqual([...inner.emojiIndex()]);
    await services.verifications.confirmMatch(only(asked));
    await rig.reaches("waiting_for_other");
    await callbacks.confirm();
    await expectVerifiedHere(await rig.reaches("done"));
    expect(new Set(rig.sent.map(({ verificationId }) => verificationId)).size).toBe(1);
    // A renderer that is loaded again finds the last page until it was read.
    expect(services.verifications.list().verifications).toMatchObject([{ ...only(asked), phase: "done" }]);
    services.verifications.dismiss(only(asked));
    expect(services.verifications.list().verifications).toEqual([]);
  });

  it("verify this session when the other one asks and begins", async () => {
    rig = await VerificationRig.open(synapse);
    const { services, partner, other } = rig;
    const theirs = await partner.ask(rig.deviceId);
    const asked = await rig.reaches("requested");
    expect(asked).toMatchObject({ incoming: true, deviceId: other.tokens.deviceId, subject: "this_session" });
    await services.verifications.accept(only(asked));
    await partner.reaches(theirs, "ready");
    agree(await theirs.startVerification("m.sas.v1"));
    const callbacks = await partner.sas(theirs);
    expect((await rig.reaches("comparing")).decimals).toEqual(callbacks.sas.decimal);
    await callbacks.confirm();
    await services.verifications.confirmMatch(only(asked));
    await expectVerifiedHere(await rig.reaches("done"));
  });

  it("verify another session from here, and right afterwards one that asks", async () => {
    rig = await VerificationRig.open(synapse);
    const { services } = rig;
    await rig.verifyHere();
    const third = await rig.oneMore("Tablet");
    const asked = await rig.request(third.session.tokens.deviceId);
    expect(asked).toMatchObject({ subject: "other_session", deviceName: "Tablet" });
    const { callbacks } = await rig.compare(asked, third);
    await callbacks.confirm();
    await services.verifications.confirmMatch(only(asked));
    expect((await rig.reaches("done")).checks).toEqual(OTHER_WELL);
    expect(await third.session.isVerified()).toBe(true);

    const fourth = await rig.oneMore("Laptop");
    const theirs = await fourth.ask(rig.deviceId);
    const incoming = await rig.reaches("requested");
    expect(incoming).toMatchObject({ subject: "other_session", incoming: true, deviceName: "Laptop" });
    await services.verifications.accept(only(incoming));
    await fourth.reaches(theirs, "ready");
    await services.verifications.chooseSas(only(await rig.reaches("ready")));
    const theirCallbacks = await fourth.sas(theirs);
    await rig.reaches("comparing");
    await services.verifications.confirmMatch(only(incoming));
    await theirCallbacks.confirm();
    expect((await rig.reaches("done")).checks).toEqual(OTHER_WELL);
    expect(await fourth.session.isVerified()).toBe(true);
  });

  it("answer a session that asks as soon as it is there, before this one has its keys", async () => {
    rig = await VerificationRig.open(synapse);
    const { services, deviceId } = rig;
    const release = await rig.holdSync();
    const newcomer = await rig.oneMore("Tablet");
    const theirs = await newcomer.ask(deviceId);
    release();
    const asked = await rig.reaches("requested");
    expect(asked).toMatchObject({ incoming: true, deviceId: newcomer.session.tokens.deviceId, deviceName: "Tablet" });
    await services.verifications.accept(only(asked));
    await newcomer.reaches(theirs, "ready");
  });

  it("are agreed on when both sides begin at once", async () => {
    rig = await VerificationRig.open(synapse);
    const { services, partner } = rig;
    const asked = await rig.request();
    const theirs = await partner.incoming();
    await theirs.accept();
    await rig.reaches("ready");
    const [verifier] = await Promise.all([theirs.startVerification("m.sas.v1"), services.verifications.chooseSas(only(asked))]);
    agree(verifier);
    const callbacks = await partner.sas(theirs);
    expect((await rig.reaches("comparing")).decimals).toEqual(callbacks.sas.decimal);
    await Promise.all([services.verifications.confirmMatch(only(asked)), callbacks.confirm()]);
    await expectVerifiedHere(await rig.reaches("done"));
  });
});

describe("a QR code shown here", () => {
  it.each(["here", "there"])("verifies this session, asked for %s", async (where) => {
    rig = await VerificationRig.open(synapse);
    const { services, partner } = rig;
    let theirs;
    if (where === "here") {
      await rig.request();
      theirs = await partner.incoming();
      await theirs.accept();
    } else {
      theirs = await partner.ask(rig.deviceId);
      await services.verifications.accept(only(await rig.reaches("requested")));
    }
    const ready = await rig.reaches("ready");
    expect(ready.sas).toBe(true);
    await partner.reaches(theirs, "ready");
    agree(await theirs.scanQRCode(readQr(ready.qr!)));
    const scanned = await rig.reaches("qr_scanned");
    expect(scanned).not.toHaveProperty("qr");
    await services.verifications.confirmScanned(only(scanned));
    await expectVerifiedHere(await rig.reaches("done"));
  });

  it("verifies another session that scans it", async () => {
    rig = await VerificationRig.open(synapse);
    await rig.verifyHere();
    const third = await rig.oneMore("Tablet");
    await rig.request(third.session.tokens.deviceId);
    const theirs = await third.incoming();
    await theirs.accept();
    agree(await theirs.scanQRCode(readQr((await rig.reaches("ready")).qr!)));
    await rig.services.verifications.confirmScanned(only(await rig.reaches("qr_scanned")));
    expect((await rig.reaches("done")).checks).toEqual(OTHER_WELL);
    expect(await third.session.isVerified()).toBe(true);
  });
});

describe("what did not come over", () => {
  it("is said as missing, and got with the Security Key", async () => {
    rig = await VerificationRig.open(synapse, { secrets: 2_000 });
    const { services, accountId } = rig;
    rig.loseSecretRequests = true;
    const asked = await rig.request();
    const { callbacks } = await rig.compare(asked);
    await callbacks.confirm();
    await services.verifications.confirmMatch(only(asked));
    expect((await rig.reaches("done")).checks).toEqual([
      { check: "session_verified", status: "done" },
      { check: "secrets_here", status: "missing" },
      { check: "backup_connected", status: "missing" },
    ]);
    expect(await services.secureBackup.unlock({ accountId, keyOrPhrase: secretOf("Security Key", rig.securityKey) })).toMatchObject({
      diagnosis: "working",
      proven: true,
    });
  });
});
