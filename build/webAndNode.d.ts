// What shared/ may use of what pages and Node have in common. Only tsconfig.shared.json reads it: everywhere else, the
// runtime's own types say it.

interface URL {
  readonly host: string;
  hostname: string;
  readonly href: string;
  readonly password: string;
  readonly protocol: string;
  readonly username: string;
}
declare const URL: new (url: string) => URL;

interface TextEncoder {
  encode(text: string): { readonly length: number };
}
declare const TextEncoder: new () => TextEncoder;
