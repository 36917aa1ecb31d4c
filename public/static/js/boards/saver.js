// Changes of a board on their way to the server: each is saved at once, and can be taken back.

import { contentOf, getBoard, putBoard, restoreBoard } from "./server.js";

const PAUSE_MS = 500;
const MOST_STEPS = 50;

export class Saver {
  /**
   * @param {object} board as the server has it
   * @param {object} on onState(word, detail), onSaved(board), onConflict(theirs, mine, base), onContent(content)
   */
  constructor(board, on) {
    this.board = board;
    this.content = contentOf(board);
    this.on = on;
    this.past = [];
    this.kind = ""; // of the last change
    this.timer = 0;
    this.sending = false;
    this.held = false; // while somebody is asked what to do
  }

  /** Whether there is something that the server does not have. */
  get dirty() {
    return JSON.stringify(this.content) !== JSON.stringify(contentOf(this.board));
  }

  /** Take a new content, after which `undo` brings the old one back; changes of one `kind` in a row are one. */
  change(content, kind = "") {
    const next = contentOf(content);
    if (JSON.stringify(next) === JSON.stringify(this.content)) return;
    if (!kind || kind !== this.kind) this.past.push(this.content);
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.kind = kind;
    this.set(next);
  }

  /** Bring back what was before the last change. */
  undo() {
    const before = this.past.pop();
    this.kind = "";
    if (before) this.set(before);
  }

  set(content) {
    this.content = content;
    this.on.onContent(content);
    this.later();
  }

  later() {
    clearTimeout(this.timer);
    this.on.onState("saving");
    this.timer = setTimeout(() => this.save(), PAUSE_MS);
  }

  /** Send what is not sent yet. */
  async save() {
    clearTimeout(this.timer);
    if (this.sending || this.held) return;
    if (!this.dirty) {
      this.on.onState("saved");
      return;
    }
    this.sending = true;
    const sent = this.content;
    try {
      this.board = await putBoard(this.board.id, sent, this.board.version);
      this.sending = false;
      if (this.content !== sent) this.later();
      else {
        // The server may have cleaned a text.
        this.content = contentOf(this.board);
        this.on.onState("saved");
      }
      this.on.onSaved(this.board);
    } catch (error) {
      this.sending = false;
      if (error.status === 412) await this.conflict();
      else this.on.onState("failed", error.message);
    }
  }

  async conflict() {
    this.held = true;
    this.on.onState("conflict");
    let theirs = null;
    try {
      theirs = await getBoard(this.board.id);
    } catch (error) {
      if (error.status !== 404) {
        this.held = false;
        this.on.onState("failed", error.message);
        return;
      }
    }
    this.on.onConflict(theirs, this.content, contentOf(this.board));
  }

  /** After a conflict: what the server has now is right. */
  takeTheirs(theirs) {
    this.held = false;
    this.board = theirs;
    this.past.push(this.content);
    this.content = contentOf(theirs);
    this.on.onContent(this.content);
    this.on.onSaved(theirs);
    this.on.onState("saved");
  }

  /** After a conflict: what is here is right. */
  keepMine(theirs) {
    this.held = false;
    this.board = theirs;
    return this.save();
  }

  /** After a conflict: the board was deleted, and shall be there. */
  async putBack() {
    this.held = false;
    try {
      this.board = await restoreBoard(this.board.id, this.content);
      this.on.onState("saved");
      this.on.onSaved(this.board);
    } catch (error) {
      this.on.onState("failed", error.message);
    }
  }
}
