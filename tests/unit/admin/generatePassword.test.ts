import { expect, it } from "vitest";
import { generatePassword } from "../../../main/admin/generatePassword.ts";

const many = Array.from({ length: 2000 }, () => generatePassword().reveal());

it("has more than 100 bits, of characters that are not mixed up and begin no formula", () => {
  const used = new Set(many.join(""));
  for (const password of many) expect(password).toMatch(/^[a-zA-Z2-9]{20}$/);
  for (const character of "0Oo1Il=+-@\t\r") expect(used).not.toContain(character);
  // Each password of those that lack a kind of character is made again: less than one in ten.
  expect(20 * Math.log2(used.size) - Math.log2(1 / 0.9)).toBeGreaterThan(100);
});

it("fits rules that want small and capital letters and a digit", () => {
  for (const password of many) for (const kind of [/[a-z]/, /[A-Z]/, /\d/]) expect(password).toMatch(kind);
});

it("comes once", () => {
  expect(new Set(many).size).toBe(many.length);
});

it("is made again where a kind of character is missing", () => {
  const numbers = [...Array<number>(20).fill(0), ...Array.from({ length: 20 }, (_, index) => [0, 30, 55][index % 3]!)];
  const password = generatePassword(() => numbers.shift()!).reveal();
  expect(password).toBe("aG9aG9aG9aG9aG9aG9aG");
  expect(numbers).toEqual([]);
});
