/**
 * Everything that needs matrix-js-sdk and the crypto WASM at run time. It is bundled on its own and loaded when the first
 * session starts, so that the window does not wait for it.
 */
export { openCryptoMachine } from "./olmMachine.ts";
export { openLinkProtocol } from "./linkProtocol.ts";
export { openMatrixClient } from "./matrixClient.ts";
