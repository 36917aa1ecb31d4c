// One topic: its last message, the numbers in it, and as which series each is logged, or why not.

import { getJson } from "./api.js";
import { bytes, line, lines, make, setText } from "./explore-text.js";
import { age, amount, unitsOf } from "./format.js";

export class TopicPane {
  /**
   * @param {HTMLElement} root
   * @param {(topic: string, number: object, verdict: object) => void} onLog somebody wants a number logged
   */
  constructor(root, onLog) {
    this.root = root;
    this.onLog = onLog;
    this.topic = null;
    this.form = null;
    this.shown = "";
    for (const button of this.#all("[data-form]")) {
      button.addEventListener("click", () => {
        this.form = button.dataset.form;
        this.#showMessage();
      });
    }
  }

  #get = (id) => document.getElementById(id);

  #all = (selector) => this.root.querySelectorAll(selector);

  /** Show a topic; null shows none. */
  choose(topic) {
    this.topic = topic;
    this.form = null;
    this.shown = "";
    this.answer = null;
    this.#get("pane-empty").hidden = topic !== null;
    this.#get("pane-topic").hidden = topic === null;
    if (topic === null) return;
    setText(this.#get("topic"), line(topic, 2000));
    for (const id of ["message", "verdict", "payload"]) setText(this.#get(id), "");
    this.#get("numbers").hidden = true;
    if (matchMedia("(max-width: 899px)").matches) this.root.scrollIntoView({ block: "start", behavior: "auto" });
  }

  /** Ask for the topic's last message. */
  async refresh() {
    const { topic } = this;
    if (topic === null) return;
    try {
      const answer = await getJson(`/api/v1/explore/topic?topic=${encodeURIComponent(topic)}`);
      if (topic !== this.topic) return;
      this.answer = answer;
      this.#show(answer);
    } catch (error) {
      if (topic === this.topic && !this.answer) setText(this.#get("verdict"), error.message);
    }
  }

  #show({ message, verdict, time }) {
    const facts = [age(message.time, time), bytes(message.size), `${message.count} ${message.count === 1 ? "message" : "messages"}`];
    if (message.count > 1 && message.rate >= 0.05) facts.push(`${message.rate >= 10 ? Math.round(message.rate) : message.rate.toFixed(1)} a second`);
    if (message.retained) facts.push("kept by the broker");
    if (message.kept < message.size) facts.push(`only ${bytes(message.kept)} kept here`);
    setText(this.#get("message"), facts.join(" · "));
    const place = verdict.place ? ` It stands at ${verdict.place}.` : "";
    setText(this.#get("verdict"), line(verdict.sentence + place, 2000));
    // a table that is built anew once a second cannot be pressed or read aloud
    const shown = JSON.stringify([verdict]);
    if (shown !== this.shown) {
      this.shown = shown;
      this.#showNumbers(verdict);
    }
    this.#showMessage();
  }

  #showNumbers(verdict) {
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.path : undefined;
    const rows = verdict.numbers.map((number) => this.#row(number, verdict));
    this.#get("numbers").querySelector("tbody").replaceChildren(...rows);
    this.#get("numbers").hidden = rows.length === 0;
    if (focused !== undefined) [...this.#all("button[data-path]")].find((each) => each.dataset.path === focused)?.focus();
  }

  #row(number, verdict) {
    const named = line(number.label || "") || (number.path ? line(number.path) : "the message");
    const name = make("td", {}, make("bdi", { textContent: number.path ? line(number.path) : named }));
    const shown = `${amount(number.value, number.units)} ${unitsOf(number.value, line(number.units, 24))}`.trim();
    const value = make("td", { className: "right" }, make("bdi", { textContent: number.value === null ? "unknown" : shown }));
    const logged = make("td");
    for (const series of number.series) {
      logged.append(make("a", { href: `/series/${encodeURIComponent(series)}`, textContent: series }), " ");
    }
    if (number.state === "open") {
      const button = make("button", { type: "button", className: "button small", textContent: verdict.section ? "Log this too" : "Log this" });
      button.dataset.path = number.path;
      button.setAttribute("aria-label", `${button.textContent}: ${named}`);
      button.addEventListener("click", () => this.onLog(this.topic, number, verdict));
      logged.append(button);
    }
    if (number.why && (number.state !== "open" || verdict.section)) {
      logged.append(make("span", { className: "why", textContent: line(number.why, 1000) }));
    }
    return make("tr", {}, name, value, logged);
  }

  #showMessage() {
    if (!this.answer) return;
    const { message } = this.answer;
    const can = { json: message.json !== null, text: message.text !== null, hex: true };
    const form = this.form && can[this.form] ? this.form : can.json ? "json" : can.text ? "text" : "hex";
    for (const button of this.#all("[data-form]")) {
      button.disabled = !can[button.dataset.form];
      button.setAttribute("aria-pressed", String(button.dataset.form === form));
    }
    const cut = form === "hex" && message.kept > 512 ? " …" : "";
    setText(this.#get("payload"), message.size === 0 ? "(empty)" : form === "hex" ? message.hex + cut : lines(message[form]));
  }
}
