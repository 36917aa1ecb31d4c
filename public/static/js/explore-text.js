// Text from the bus as it may be shown: whatever could hide or turn what stands beside it is written out.

import { age } from "./format.js";

const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;
const HIDDEN_BUT_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;
const writtenOut = (character) => `\\u${character.codePointAt(0).toString(16).padStart(4, "0")}`;

/** Text for one line, cut where it is long. */
export function line(text, limit = 300) {
  return text.length > limit ? `${[...text.slice(0, limit)].join("").replace(HIDDEN, writtenOut)}…` : text.replace(HIDDEN, writtenOut);
}

/** Text with its own lines. */
export function lines(text) {
  return text.replace(/\r\n/g, "\n").replace(HIDDEN_BUT_LINES, writtenOut);
}

/** A number of bytes for people. */
export function bytes(count) {
  return count < 1024 ? `${count} B` : count < 1048576 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1048576).toFixed(1)} MiB`;
}

/** Make an element. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Give an element another text only where it has changed, so that what is selected in it stays. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Bring the ages below an element up to date; `now` is the server's, in seconds since the epoch. */
export function showAges(root, now) {
  for (const element of root.querySelectorAll("[data-heard]")) setText(element, age(Number(element.dataset.heard), now));
}
