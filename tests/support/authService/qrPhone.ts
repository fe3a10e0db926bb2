import { randomBytes } from "node:crypto";
import { initAsync, QrCodeData } from "@matrix-org/matrix-sdk-crypto-wasm";
import { createClient, OAuth2 } from "matrix-js-sdk";
import {
  MSC4108FailureReason,
  MSC4108RendezvousSession,
  MSC4108SecureChannel,
  MSC4108SignInWithQR,
} from "matrix-js-sdk/lib/rendezvous/index.js";
import { type SdkSession, startSdkSession } from "../sdkSession.ts";
import type { AuthUser } from "./authService.ts";
import { FormClient } from "./formClient.ts";

/**
 * A phone that is signed in by a QR code: matrix-js-sdk's other half of the protocol, independent of everything in `main`.
 */
export class QrPhone {
  readonly flow: MSC4108SignInWithQR;
  readonly deviceId = randomBytes(8).toString("hex").toUpperCase();
  /** What it shows for the person to type on the page of the server. */
  userCode = "";
  readonly #baseUrl: string;
  #clientId = "";

  private constructor(flow: MSC4108SignInWithQR, baseUrl: string) {
    this.flow = flow;
    this.#baseUrl = baseUrl;
  }

  /** Scans a code, and resolves when it shows the two digits. */
  static async scan(code: Uint8Array | Uint8ClampedArray, baseUrl: string): Promise<QrPhone> {
    await initAsync();
    const data = QrCodeData.fromBytes(Uint8Array.from(code));
    const session = new MSC4108RendezvousSession({ url: data.rendezvousUrl! });
    const flow = new MSC4108SignInWithQR(new MSC4108SecureChannel(session, data.publicKey), true);
    await flow.negotiateProtocols();
    return new QrPhone(flow, baseUrl);
  }

  get digits(): string {
    return this.flow.checkCode!;
  }

  /** Asks the server for a session, and tells the other side where it is to be approved. */
  async askForSession(): Promise<void> {
    const metadata = await createClient({ baseUrl: this.#baseUrl }).getAuthMetadata();
    this.#clientId = await OAuth2.registerClient(metadata, {
      client_name: "Phone",
      client_uri: "https://phone.test.example/",
      redirect_uris: ["http://127.0.0.1/callback"],
      application_type: "native",
    } as never);
    const { userCode } = await this.flow.deviceAuthorizationGrant({ metadata, clientId: this.#clientId, deviceId: this.deviceId });
    this.userCode = userCode!;
  }

  /** Waits until the person has allowed it, and has the session's tokens then. */
  approved() {
    return this.flow.completeLoginOnNewDevice({ clientId: this.#clientId });
  }

  /** Waits for the session, and takes what the other side hands over. */
  async signIn(user: { localpart: string; userId: string; password: string }): Promise<SdkSession> {
    const tokens = await this.approved();
    const session = await startSdkSession({
      baseUrl: this.#baseUrl,
      user: user.localpart,
      password: user.password,
      tokens: { accessToken: tokens!.access_token, userId: user.userId, deviceId: this.deviceId },
    });
    const { secrets } = await this.flow.shareSecrets();
    await session.crypto.importSecretsBundle!(secrets!);
    await session.crypto.crossSignDevice(this.deviceId);
    return session;
  }

  /** What the other side has said last. */
  hears(): Promise<object | undefined> {
    return (this.flow as unknown as { receive(): Promise<object | undefined> }).receive();
  }

  /** Says something to the other side. */
  say(payload: object): Promise<void> {
    return (this.flow as unknown as { send(payload: object): Promise<void> }).send(payload);
  }

  /** The person presses "Cancel" on it. */
  async cancel(): Promise<void> {
    await this.flow.cancel(MSC4108FailureReason.UserCancelled);
  }
}

/** Types the code on the server's page, as the person does in their browser, and allows what is asked for. */
export async function approveCode(page: string, userCode: string, user: Pick<AuthUser, "localpart" | "password">): Promise<void> {
  const pages = new FormClient();
  await pages.open(page);
  await pages.submit({ user_code: userCode });
  await pages.submit({});
  await pages.submit({ username: user.localpart, password: user.password });
  await pages.submit({ action: "allow" });
}
