// No part of the SDK is loaded with this file.

/**
 * The place at a homeserver where two devices leave messages for each other. Whatever goes wrong with it is thrown, also to
 * whoever waits for a message.
 */
export interface RendezvousPlace {
  readonly url: string;
  /** The person, or the app, has ended it on this side. */
  readonly cancelled: boolean;
  /** Sends nothing once it is cancelled: throws why. */
  send(message: string): Promise<void>;
  /** Tells the other side of the end, cancelled or not. */
  sendLast(message: string): Promise<void>;
  /** Resolves with what the other side has left next. */
  receive(): Promise<string>;
  /** Ends it for both. Never rejects. */
  close(): Promise<void>;
}

/** Linking a new device from a session that is verified, step by step, whichever protocol it is. */
export interface LinkProtocol {
  /** What the QR code says. */
  readonly code: Uint8Array;
  /** Resolves when the other device has scanned it, with the two digits that it shows. */
  scanned(): Promise<string>;
  /** Says that the digits are right, and resolves with the page where the new session is to be approved. */
  page(): Promise<string>;
  /** Lets the other device sign in, and hands over what makes it verified. Resolves when that has been sent. */
  shareSecrets(): Promise<void>;
  /** Tells the other device that nothing comes of it, and answers whether that could be done. Never rejects. */
  decline(): Promise<boolean>;
}

/** The other device, or the SDK, ended it, for a reason in the words of MSC4108. */
export class LinkRefused extends Error {
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "LinkRefused";
    this.reason = reason;
  }
}
