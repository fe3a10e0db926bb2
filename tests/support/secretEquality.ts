import { expect } from "vitest";
import { Secret, SecretBytes } from "../../shared/secret.ts";

// A secret's value lies where `toEqual` and its kin do not look: without this any two would be equal. A text, or
// bytes, that are expected stand for the secret's value.
expect.addEqualityTesters([
  (one: unknown, other: unknown) => {
    if (one instanceof Secret && other instanceof Secret) return one.equals(other);
    if (one instanceof SecretBytes && other instanceof SecretBytes) return one.equals(other);
    if (one instanceof SecretBytes && other instanceof Uint8Array) return Buffer.compare(one.reveal(), other) === 0;
    if (other instanceof SecretBytes && one instanceof Uint8Array) return Buffer.compare(other.reveal(), one) === 0;
    if (one instanceof Secret && typeof other === "string") return one.reveal() === other;
    if (other instanceof Secret && typeof one === "string") return other.reveal() === one;
    return undefined;
  },
]);
