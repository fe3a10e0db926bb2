import * as z from "zod";

/**
 * Imported before every schema. zod would compile each one with `new Function` at its first use; most are used a few
 * times, so the start of the app would pay for what is never won back, and main would need `eval`.
 */
z.config({ jitless: true });
