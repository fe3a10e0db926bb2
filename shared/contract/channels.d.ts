/** Derived from the contract when the app is bundled, for those who need the names and not the schemas. */
declare module "virtual:channels" {
  export const channelNames: { readonly requests: readonly string[]; readonly events: readonly string[] };
}
