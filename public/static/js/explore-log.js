// The dialog that has a number logged: what is wanted, the change of the ini, and only then the saving.

import { getJson, send } from "./api.js";
import { line, make, setText } from "./explore-text.js";

const WAIT_MS = 1000;
const PART = /(?:\\.|[^.\\])+/gsu;

export class LogDialog {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {() => void} onSaved the ini was changed
   */
  constructor(dialog, onSaved) {
    this.dialog = dialog;
    this.onSaved = onSaved;
    this.form = dialog.querySelector("form");
    this.timer = 0;
    this.turn = 0;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    this.form.addEventListener("input", () => this.#soon());
    for (const id of ["log-close", "log-cancel"]) this.#get(id).addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      this.turn += 1;
      clearTimeout(this.timer);
    });
  }

  #get = (id) => document.getElementById(id);

  /** Ask what is to be logged of a number, and show the change. */
  open(topic, number, verdict) {
    this.topic = topic;
    this.number = number;
    this.widens = Boolean(verdict.section);
    this.json = verdict.kind === "json" && number.path !== "";
    this.levels = topic.split("/");
    this.any = new Set();
    this.turn += 1;
    this.form.reset();
    setText(this.#get("log-what"), number.path ? `${line(topic)} · ${line(number.path)}` : line(topic));
    this.#get("log-choices").hidden = this.widens;
    this.#get("log-extent").hidden = !this.json;
    for (const field of this.form.querySelectorAll("[data-json]")) field.hidden = !this.json;
    if (this.json) this.#makeExtents(verdict);
    this.#makeLevels();
    for (const [name, path] of Object.entries(number.guesses)) this.form.elements[name].value = path;
    for (const id of ["log-done", "log-diff", "log-matches"]) setText(this.#get(id), "");
    this.#get("log-notes").replaceChildren();
    this.#fault("");
    setText(this.#get("log-cancel"), "Cancel");
    this.#get("log-save").hidden = false;
    this.#get("log-change").hidden = false;
    this.dialog.showModal();
    this.#propose();
  }

  #makeExtents(verdict) {
    const parts = this.number.path.match(PART) ?? [];
    const choices = [[this.number.path, `Only ${line(this.number.path)}`]];
    for (let count = parts.length - 1; count > 0; count -= 1) {
      const above = parts.slice(0, count).join(".");
      const size = verdict.numbers.filter((each) => each.path.startsWith(`${above}.`)).length;
      if (size > 1) choices.push([above, `All ${size} below ${line(above)}`]);
    }
    if (verdict.numbers.length > 1) choices.push(["", `All ${verdict.numbers.length}, and those that come later`]);
    this.#get("log-extent").querySelector(".choices").replaceChildren(...choices.map(([value, words], index) => {
      const input = make("input", { type: "radio", name: "value", value, checked: index === 0 });
      return make("label", {}, input, make("bdi", { textContent: words }));
    }));
    this.#get("log-extent").hidden = choices.length < 2;
  }

  #makeLevels() {
    const shown = this.levels.slice(0, 40).flatMap((level, at) => {
      const button = make("button", { type: "button" });
      const show = () => {
        button.setAttribute("aria-pressed", String(this.any.has(at)));
        button.setAttribute("aria-label", this.any.has(at) ? `any level instead of ${line(level) || "an empty one"}` : line(level) || "empty level");
        setText(button, this.any.has(at) ? "+" : line(level, 60) || " ");
      };
      button.addEventListener("click", () => {
        if (!this.any.delete(at)) this.any.add(at);
        show();
        this.#soon();
      });
      show();
      return at ? [make("span", { textContent: "/" }), button] : [button];
    });
    this.#get("log-levels").querySelector(".levels").replaceChildren(...shown);
    this.#get("log-levels").hidden = this.levels.length > 40;
  }

  #asked() {
    const asked = { topic: this.topic, path: this.number.path };
    if (this.widens) return asked;
    asked.kind = this.json ? "json" : "plain";
    if (this.any.size) asked.topics = this.levels.map((level, at) => (this.any.has(at) ? "+" : level)).join("/");
    const fields = this.form.elements;
    for (const name of this.json ? ["name", "time", "label", "units"] : ["name"]) {
      if (fields[name].value.trim()) asked[name] = fields[name].value.trim();
    }
    if (this.json) asked.value = this.form.querySelector("[name=value]:checked")?.value ?? this.number.path;
    return asked;
  }

  #soon() {
    this.#get("log-save").disabled = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#propose(), 250);
  }

  #fault(text) {
    this.#get("log-fault").hidden = !text;
    setText(this.#get("log-fault"), line(text, 3000));
  }

  async #propose() {
    const turn = (this.turn += 1);
    this.#get("log-save").disabled = true;
    this.proposal = null;
    const asked = this.#asked();
    try {
      const proposal = await send("POST", "/api/v1/explore/log", { ...asked, save: false });
      if (turn !== this.turn) return;
      this.proposal = { ...proposal, asked };
      this.#fault(proposal.obstacle ? `${proposal.obstacle} Write this into the ini by hand, then: jnt_datalog_rrd reload.` : "");
      this.#show(proposal);
      this.#get("log-save").disabled = Boolean(proposal.obstacle);
    } catch (error) {
      if (turn !== this.turn) return;
      this.#fault(error.message);
      this.#get("log-diff").replaceChildren();
      this.#get("log-notes").replaceChildren();
      setText(this.#get("log-matches"), "");
    }
  }

  #show(proposal) {
    const [matches, others] = [proposal.matches, proposal.others];
    const names = matches.topics.filter((each) => each !== this.topic).slice(0, 6).map((each) => line(each, 100));
    const rest = matches.count - 1 - names.length;
    let words = matches.count > 1 ? `Reads ${matches.count - 1} more of the topics heard: ${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}.` : "";
    if (this.any.size && matches.count <= 1) words = "No other topic that was heard fits.";
    if (others.count) words += ` ${others.count} that fit are read by other decoders already.`;
    setText(this.#get("log-matches"), words.trim());
    this.#get("log-notes").replaceChildren(...proposal.notes.map((note) => make("li", { textContent: line(note, 1000) })));
    const kinds = { "+": "added", "-": "taken" };
    this.#get("log-diff").replaceChildren(...proposal.diff.split("\n").slice(2).filter((each, at, all) => each || at < all.length - 1)
      .map((each) => make("span", { className: kinds[each[0]] ?? "", textContent: line(each, 4000) })));
  }

  async #save() {
    if (!this.proposal || this.#get("log-save").disabled) return;
    const { asked, hash } = this.proposal;
    this.#get("log-save").disabled = true;
    setText(this.#get("log-done"), "Saving …");
    const turn = (this.turn += 1);
    try {
      const saved = await send("POST", "/api/v1/explore/log", { ...asked, save: true, hash });
      this.#fault("");
      this.#get("log-save").hidden = true;
      this.#get("log-choices").hidden = true;
      setText(this.#get("log-cancel"), "Close");
      setText(this.#get("log-done"), `Saved. ${saved.sentence}`);
      this.#get("log-cancel").focus();
      this.onSaved();
      if (turn === this.turn) this.#waitForSeries(turn, saved.sentence);
    } catch (error) {
      setText(this.#get("log-done"), "");
      this.#fault(error.message);
      if (error.status === 409 && turn === this.turn) this.timer = setTimeout(() => this.#propose(), 1500);
    }
  }

  /** Show the series as soon as its first number has come. */
  async #waitForSeries(turn, sentence) {
    if (turn !== this.turn) return;
    let series = [];
    try {
      const answer = await getJson(`/api/v1/explore/topic?topic=${encodeURIComponent(this.topic)}`);
      const number = answer.verdict.numbers.find((each) => each.path === this.number.path);
      series = number?.series ?? [];
    } catch {
      // the server is away for a moment: the next round asks again
    }
    if (turn !== this.turn) return;
    if (series.length === 0) {
      setText(this.#get("log-done"), `Saved. ${sentence} Waiting for its next message …`);
      setTimeout(() => this.#waitForSeries(turn, sentence), WAIT_MS);
      return;
    }
    const links = series.map((name) => make("a", { href: `/series/${encodeURIComponent(name)}`, textContent: name }));
    this.#get("log-done").replaceChildren("Saved, and logged as ", ...links.flatMap((link, at) => (at ? [", ", link] : [link])), ".");
    this.onSaved();
  }
}
