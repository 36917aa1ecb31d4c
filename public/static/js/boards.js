// The page of all boards: makes one, and puts one back that was just deleted.

import { DELETED } from "./boards/names.js";
import { makeBoard, restoreBoard } from "./boards/server.js";

const byId = (id) => document.getElementById(id);

function startForm() {
  byId("make")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const title = byId("make-title").value.trim();
    byId("make-fault").textContent = "";
    try {
      const board = await makeBoard({ title });
      window.location.assign(`/boards/${board.id}#edit`);
    } catch (error) {
      byId("make-fault").textContent = error.message;
      byId("make-title").focus();
    }
  });
}

function offerDeleted() {
  const text = sessionStorage.getItem(DELETED);
  const toast = byId("deleted");
  if (!text) return;
  sessionStorage.removeItem(DELETED);
  const { id, content } = JSON.parse(text);
  toast.querySelector("span").textContent = `“${content.title}” was deleted.`;
  toast.hidden = false;
  toast.querySelector("button").addEventListener("click", async (event) => {
    event.currentTarget.disabled = true;
    try {
      await restoreBoard(id, content);
      window.location.assign(`/boards/${id}`);
    } catch (error) {
      toast.querySelector("span").textContent = `It could not be put back: ${error.message}`;
      event.target.disabled = false;
    }
  });
}

startForm();
offerDeleted();
