import { protocol, type Session } from "electron";
import { APP_HOST, APP_SCHEME } from "../ipc/trustedSender.ts";

/** The page that the window shows. */
export const INDEX_URL = `${APP_SCHEME}://${APP_HOST}/index.html`;

/**
 * Makes `app://` an origin of its own, as good as https: relative URLs, `'self'` and secure contexts work. It gets no
 * right to be fetched, because the renderer asks main over the bridge alone. Must be called before the app is ready.
 */
export function registerAssetScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: APP_SCHEME, privileges: { standard: true, secure: true } }]);
}

/** Answers `app://` in this session. */
export function serveAssets(session: Session, server: (request: Pick<Request, "url" | "method">) => Promise<Response>): void {
  session.protocol.handle(APP_SCHEME, server);
}
