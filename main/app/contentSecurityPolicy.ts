/**
 * What our pages may load: scripts, styles, fonts and pictures of our own origin, and nothing over the network.
 * Directives that `default-src` does not cover are named one by one (CSP level 3, "Fetch directives").
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'none'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // No text becomes HTML or script, by whatever mistake (Trusted Types, W3C): the app needs no policy that makes it one.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");
