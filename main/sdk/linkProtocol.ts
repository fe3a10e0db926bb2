import type { MatrixClient } from "matrix-js-sdk";
import { MSC4108SecureChannel, MSC4108SignInWithQR, RendezvousError } from "matrix-js-sdk/lib/rendezvous/index.js";
import { type LinkProtocol, LinkRefused, type RendezvousPlace } from "./linkPort.ts";

/**
 * MSC4108 as of 2024, which clients of today speak: the channel and the messages are the SDK's, the way to the server is
 * ours. The SDK's own takes no notice of a message that was not taken (412), and logs what is sent.
 */
export async function openLinkProtocol(client: MatrixClient, place: RendezvousPlace): Promise<LinkProtocol> {
  let isLast = false;
  // What the SDK does with it: send, receive, ask whether it is cancelled before it hands over secrets, and close after a
  // cancel of its own that we do not use.
  const session = {
    url: place.url,
    get cancelled() {
      return place.cancelled;
    },
    send: (message: string) => (isLast ? place.sendLast(message) : place.send(message)),
    receive: () => place.receive(),
    close: () => place.close(),
    cancel: () => place.close(),
  };
  const channel = new MSC4108SecureChannel(session as unknown as ConstructorParameters<typeof MSC4108SecureChannel>[0]);
  const flow = new MSC4108SignInWithQR(channel, false, client);
  await flow.generateCode();
  if (flow.code === undefined) throw new LinkRefused("no_code");
  return {
    code: flow.code,
    scanned: () =>
      asRefusal(async () => {
        await flow.negotiateProtocols();
        if (flow.checkCode === undefined) throw new LinkRefused("insecure_channel_detected");
        return flow.checkCode;
      }),
    page: () =>
      asRefusal(async () => {
        const { verificationUri } = await flow.deviceAuthorizationGrant();
        if (verificationUri === undefined) throw new LinkRefused("unexpected_message_received");
        return verificationUri;
      }),
    shareSecrets: () => asRefusal(async () => void (await flow.shareSecrets())),
    decline: () => {
      isLast = true;
      return flow.declineLoginOnExistingDevice().then(
        () => true,
        () => false,
      );
    },
  };
}

async function asRefusal<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (thrown) {
    if (thrown instanceof RendezvousError) throw new LinkRefused(thrown.code, { cause: thrown });
    throw thrown;
  }
}
