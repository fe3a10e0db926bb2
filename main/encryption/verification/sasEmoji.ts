import type { SasEmoji } from "../../../shared/contract/verifications.ts";

/** The emoji of a short authentication string in the order of their numbers (Client-Server API, "SAS method: emoji"). */
export const SAS_EMOJI = (
  "🐶 🐱 🦁 🐎 🦄 🐷 🐘 🐰 🐼 🐓 🐧 🐢 🐟 🐙 🦋 🌷 🌳 🌵 🍄 🌏 🌙 ☁️ 🔥 🍌 🍎 🍓 🌽 🍕 🎂 ❤️ 😀 🤖 " +
  "🎩 👓 🔧 🎅 👍 ☂️ ⌛ ⏰ 🎁 💡 📕 ✏️ 📎 ✂️ 🔒 🔑 🔨 ☎️ 🏁 🚂 🚲 ✈️ 🚀 🏆 ⚽ 🎸 🎺 🔔 ⚓ 🎧 📁 📌"
).split(" ");

/** Clients differ in whether they ask for the coloured variant. */
const bare = (symbol: string): string => symbol.replaceAll("\uFE0F", "");
const numbers = new Map(SAS_EMOJI.map((symbol, number) => [bare(symbol), number]));

/** Seven emoji with their numbers, by which they are named in the person's language. Null when one is not known. */
export function numberedEmoji(symbols: readonly string[]): SasEmoji | null {
  const found = symbols.flatMap((symbol) => {
    const number = numbers.get(bare(symbol));
    return number === undefined ? [] : [{ symbol: SAS_EMOJI[number]!, number }];
  });
  return found.length === 7 && symbols.length === 7 ? found : null;
}
