import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Verification } from "../../../shared/contract/verifications.ts";
import { errorOf } from "../../support/errorOf.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { unhandledDuring } from "../../support/unhandled.ts";
import { only, VerificationRig } from "../../support/verificationRig.ts";
import { waitUntil } from "../../support/waitUntil.ts";

let synapse: Synapse;
let rig: VerificationRig;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());
afterEach(() => rig.close());

describe("a verification that does not come to its end", () => {
  it.each(["here", "there"])("ends when the two do not show the same, said %s", async (where) => {
    rig = await VerificationRig.open(synapse);
    const asked = await rig.request();
    const { theirs, callbacks } = await rig.compare(asked);
    if (where === "here") await rig.services.verifications.rejectMatch(only(asked));
    else callbacks.mismatch();
    const { cancelled } = await rig.reaches("cancelled");
    expect(cancelled).toEqual({ by: where === "here" ? "us" : "them", reason: "mismatch", code: "m.mismatched_sas" });
    await rig.partner.reaches(theirs, "cancelled");
    expect(await rig.other.isVerified(rig.deviceId)).toBe(false);
    expect(await errorOf(rig.services.verifications.confirmMatch(only(asked)))).toEqual({ kind: "conversation_over" });
  });

  it("is cancelled here, and can be begun again at once", async () => {
    rig = await VerificationRig.open(synapse);
    const first = await rig.request();
    const theirFirst = await rig.partner.incoming();
    await rig.services.verifications.cancel(only(first));
    expect((await rig.reaches("cancelled")).cancelled).toMatchObject({ by: "us", reason: "cancelled" });
    await rig.partner.reaches(theirFirst, "cancelled");
    const second = await rig.request();
    expect(second.verificationId).not.toBe(first.verificationId);
    const { callbacks } = await rig.compare(second);
    await callbacks.confirm();
    await rig.services.verifications.confirmMatch(only(second));
    const { checks } = await rig.reaches("done");
    expect(checks.map(({ status }) => status)).toEqual(["done", "done", "done"]);
  });

  it("is cancelled by the other side, before and after it has answered", async () => {
    rig = await VerificationRig.open(synapse);
    await rig.request();
    await (await rig.partner.incoming()).cancel();
    expect((await rig.reaches("cancelled")).cancelled).toEqual({ by: "them", reason: "declined", code: "m.user" });
    await rig.request();
    const theirs = await rig.partner.incoming();
    await theirs.accept();
    await rig.reaches("ready");
    await theirs.cancel();
    expect((await rig.reaches("cancelled")).cancelled).toEqual({ by: "them", reason: "cancelled", code: "m.user" });
    expect(rig.services.verifications.list().verifications).toHaveLength(2);
  });

  it("is declined here, or withdrawn there, and leaves nothing behind", async () => {
    rig = await VerificationRig.open(synapse);
    const theirs = await rig.partner.ask(rig.deviceId);
    await rig.services.verifications.cancel(only(await rig.reaches("requested")));
    expect(rig.sent.at(-1)).toMatchObject({ phase: "cancelled", cancelled: { by: "us", reason: "declined" } });
    await rig.partner.reaches(theirs, "cancelled");
    const again = await rig.partner.ask(rig.deviceId);
    const asked = await rig.reaches("requested");
    await again.cancel();
    expect((await rig.reaches("cancelled")).cancelled).toMatchObject({ by: "them", reason: "cancelled" });
    expect(rig.services.verifications.list().verifications).toEqual([]);
    expect(rig.data.events.at(-1)).toEqual({ channel: "verifications.dismissed", payload: only(asked) });
    expect(await errorOf(rig.services.verifications.accept(only(asked)))).toEqual({ kind: "conversation_over" });
  });

  it("is answered by another session, and goes away here", async () => {
    rig = await VerificationRig.open(synapse);
    await rig.verifyHere();
    const third = await rig.oneMore("Tablet");
    await third.session.openBackupWith({ securityKey: rig.securityKey });
    await Promise.all([rig.partner.knows(third.session.tokens.deviceId), rig.partner.knows(rig.deviceId)]);
    await rig.other.crypto.requestOwnUserVerification();
    await rig.reaches("requested");
    await (await third.incoming()).accept();
    expect((await rig.reaches("cancelled")).cancelled).toMatchObject({ by: "nobody", reason: "answered_elsewhere" });
    expect(rig.services.verifications.list().verifications).toEqual([]);
  });

  it("tells the sessions that were asked as well, when one of them has answered", async () => {
    rig = await VerificationRig.open(synapse);
    const third = await rig.oneMore("Tablet");
    // Where there are verified sessions, they alone are asked.
    await third.session.openBackupWith({ securityKey: rig.securityKey });
    const asked = await rig.request(null);
    expect(asked.deviceId).toBeNull();
    const [theirs, thirds] = await Promise.all([rig.partner.incoming(), third.incoming()]);
    await theirs.accept();
    expect(await rig.reaches("ready")).toMatchObject({ deviceId: rig.other.tokens.deviceId });
    await third.reaches(thirds, "cancelled");
    expect(thirds.cancellationCode).toBe("m.accepted");
  });

  it("times out when nobody answers", async () => {
    rig = await VerificationRig.open(synapse, { request: 1_500 });
    await rig.request();
    expect((await rig.reaches("cancelled")).cancelled).toMatchObject({ by: "nobody", reason: "timed_out" });
    const theirs = await waitUntil(() => rig.partner.received.at(-1), { what: "the request at the second client" });
    await rig.partner.reaches(theirs, "cancelled");
  });

  it("times out while comparing", async () => {
    rig = await VerificationRig.open(synapse, { comparing: 3_000 });
    const { theirs } = await rig.compare(await rig.request());
    expect((await rig.reaches("cancelled")).cancelled).toMatchObject({ by: "nobody", reason: "timed_out" });
    await rig.partner.reaches(theirs, "cancelled");
  });

  it("times out by the crypto machine's own clock", async () => {
    rig = await VerificationRig.open(synapse);
    await rig.request();
    const theirs = await rig.partner.incoming();
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() + 10.1 * 60_000);
    // Anything that comes with a sync makes the machines look at the time.
    await rig.other.client.sendToDevice("org.example.nudge", new Map([[rig.user.userId, new Map([["*", {}]])]]));
    expect((await rig.reaches("cancelled")).cancelled).toMatchObject({ by: "nobody", reason: "timed_out" });
    await rig.partner.reaches(theirs, "cancelled");
  });

  it("ends when the other session is signed out, or this one stops", async () => {
    rig = await VerificationRig.open(synapse);
    await rig.verifyHere();
    const third = await rig.oneMore("Tablet");
    await rig.request(third.session.tokens.deviceId);
    const theirs = await third.incoming();
    await theirs.accept();
    await rig.reaches("ready");
    await third.session.signOut();
    third.session.stop();
    expect((await rig.reaches("cancelled")).cancelled).toMatchObject({ by: "nobody", reason: "other_gone" });
    await rig.request();
    await rig.partner.incoming();
    await rig.services.sessions.session(rig.accountId).stop();
    expect(rig.sent.at(-1)).toMatchObject({ phase: "cancelled", cancelled: { reason: "session_stopped" } });
  });

  it("ends with this session while the other one is looked for, and nothing else is heard of that", async () => {
    rig = await VerificationRig.open(synapse);
    await rig.request();
    const session = rig.services.sessions.session(rig.accountId);
    const unhandled = await unhandledDuring(async () => {
      await session.use(async (client) => void client.emit("crypto.devicesUpdated" as never, ...([] as never)));
      await session.stop();
    });
    expect(unhandled).toEqual([]);
    expect(rig.sent.at(-1)).toMatchObject({ phase: "cancelled", cancelled: { reason: "session_stopped" } });
  });

  it("waits in vain for a session that has fallen silent", async () => {
    rig = await VerificationRig.open(synapse, { comparing: 1_000 });
    const asked = await rig.request();
    const theirs = await rig.partner.incoming();
    await theirs.accept();
    await rig.reaches("ready");
    rig.other.stop();
    await rig.services.verifications.chooseSas(only(asked));
    expect((await rig.reaches("waiting_for_other")).phase).toBe("waiting_for_other");
    expect((await rig.reaches("cancelled")).cancelled).toMatchObject({ by: "nobody", reason: "timed_out" });
  });
});

describe("both sides ask at once", () => {
  /** Neither has heard of the other's request when it makes its own. Then each crypto machine ends both requests. */
  async function askAtOnce(beforeHearing = (): void => undefined): Promise<Verification> {
    rig.stopHearing();
    const theirs = await rig.partner.ask(rig.deviceId);
    const asked = await rig.request();
    await rig.partner.reaches(theirs, "cancelled");
    beforeHearing();
    rig.resumeHearing();
    return asked;
  }

  it("and ours is made again", async () => {
    rig = await VerificationRig.open(synapse);
    const asked = await askAtOnce();
    const again = await rig.partner.incoming();
    await again.accept();
    expect(await rig.reaches("ready")).toMatchObject(only(asked));
    expect(rig.sent.filter(({ phase }) => phase === "cancelled")).toEqual([]);
  });

  it("and ours stays cancelled when it is while it is made again", async () => {
    rig = await VerificationRig.open(synapse);
    let again!: ReturnType<VerificationRig["holdAsking"]>;
    const asked = await askAtOnce(() => (again = rig.holdAsking()));
    await again.reached;
    await rig.services.verifications.cancel(only(asked));
    const before = rig.partner.received.length;
    again.release();
    const theirs = await waitUntil(() => rig.partner.received[before], { what: "the request at the second client" });
    await rig.partner.reaches(theirs, "cancelled");
    expect(rig.sent.at(-1)).toMatchObject({ phase: "cancelled", cancelled: { by: "us", reason: "cancelled" } });
    expect(rig.sent.filter(({ phase }) => phase === "cancelled")).toHaveLength(1);
  });

  it("and theirs is taken when it comes first the second time", async () => {
    rig = await VerificationRig.open(synapse, { askAgainWithin: 3_600_000 });
    const asked = await askAtOnce();
    const again = await rig.partner.ask(rig.deviceId);
    expect(await rig.reaches("ready")).toMatchObject({ ...only(asked), incoming: false, deviceId: rig.other.tokens.deviceId });
    await rig.partner.reaches(again, "ready");
  });

  it("and a request from here answers the one that is there already", async () => {
    rig = await VerificationRig.open(synapse);
    const theirs = await rig.partner.ask(rig.deviceId);
    const incoming = await rig.reaches("requested");
    expect((await rig.request()).verificationId).toBe(incoming.verificationId);
    await rig.partner.reaches(theirs, "ready");
    await rig.reaches("ready");
  });
});

describe("what cannot be asked", () => {
  it("is refused with the reason", async () => {
    rig = await VerificationRig.open(synapse);
    const third = await rig.oneMore("Tablet");
    expect(await errorOf(rig.request("NOSUCHDEVICE"))).toEqual({ kind: "not_found" });
    expect(await errorOf(rig.request(rig.deviceId))).toMatchObject({ kind: "invalid_input" });
    expect(await errorOf(rig.request(third.session.tokens.deviceId))).toEqual({ kind: "session_not_verified" });
    const stranger = await synapse.register({ user: `alone-${rig.user.user}`, password: "p p p p" });
    const alone = await signInTo(rig.services, stranger, synapse.baseUrl);
    const asked = rig.services.verifications.request({ accountId: alone, deviceId: null });
    expect(await errorOf(Promise.resolve(asked))).toEqual({ kind: "secure_backup_absent" });
  });

  it("is not what other people ask", async () => {
    rig = await VerificationRig.open(synapse);
    const stranger = await synapse.register({ user: `stranger-${rig.user.user}`, password: "p p p p" });
    const { accessToken, deviceId: from } = await synapse.login(stranger.user, stranger.password);
    const content = { from_device: from, methods: ["m.sas.v1"], transaction_id: "t1", timestamp: Date.now() };
    await synapse.call({
      method: "PUT",
      path: "/_matrix/client/v3/sendToDevice/m.key.verification.request/1",
      token: accessToken,
      body: { messages: { [rig.user.userId]: { [rig.deviceId]: content } } },
    });
    // What is sent afterwards arrives afterwards.
    await rig.partner.ask(rig.deviceId);
    await rig.reaches("requested");
    expect(new Set(rig.sent.map(({ deviceId: id }) => id))).toEqual(new Set([rig.other.tokens.deviceId]));
  });
});
