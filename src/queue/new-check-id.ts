import { randomInt } from "node:crypto";

const ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";

/** Six letters are enough for a month of checks; 30 bits. */
export function newCheckId(): string {
  return `nc-${Array.from({ length: 6 }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join("")}`;
}
