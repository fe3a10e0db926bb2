import type { AccountAddress } from "../../../shared/contract/addresses.ts";

/** An address as people write it: a phone number with its `+`. */
export const shownAddress = ({ medium, address }: AccountAddress): string => (medium === "msisdn" ? `+${address}` : address);
