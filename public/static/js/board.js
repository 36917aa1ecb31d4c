// The page of a board.

import { getSession } from "./api.js";
import { watchConnection } from "./live.js";
import { Editor } from "./boards/editor.js";
import { Tiles } from "./boards/tiles.js";

const byId = (id) => document.getElementById(id);

async function share(button) {
  const link = location.origin + location.pathname;
  try {
    await navigator.clipboard.writeText(link);
    button.textContent = "Link copied";
  } catch {
    // No clipboard without TLS on other machines: the link is shown to be copied by hand.
    window.prompt("The link to this board", link);
  }
  setTimeout(() => { button.textContent = "Copy link"; }, 3000);
}

function showConnection(state) {
  const told = byId("connection");
  told.hidden = state !== "lost";
  told.textContent = "The server cannot be reached: numbers may be old. It is tried again.";
}

const tiles = new Tiles(byId("board"));
watchConnection(showConnection);
byId("share").addEventListener("click", (event) => share(event.currentTarget));
if (byId("edit")) {
  const { role } = await getSession();
  if (role === "operator" || role === "admin") new Editor(tiles);
  else byId("edit").hidden = true;
}
