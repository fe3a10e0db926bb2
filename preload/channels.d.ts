/** Derived from the contract when the preload script is bundled. */
declare module "virtual:channels" {
  export const channelNames: { readonly requests: readonly string[]; readonly events: readonly string[] };
}
