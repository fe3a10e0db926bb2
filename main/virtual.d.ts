/** What the app knows of how it was built; see `build/purposes.ts`. */
declare module "virtual:build" {
  export const build: {
    readonly locked: boolean;
    readonly debuggingPort: boolean;
    readonly trial: boolean;
    readonly updates: { readonly url: string; readonly publicKey: string } | null;
  };
}

/** What an old Electron's Node lacks. */
declare module "virtual:polyfills" {}

/** A picture, as a `data:` URL. */
declare module "*.png" {
  const url: string;
  export default url;
}
