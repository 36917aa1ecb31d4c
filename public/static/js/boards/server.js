// The boards on the server: read, made, changed and deleted; a change says for which version it was made.

import { ApiError, getJson, getSession } from "../api.js";

const BASE = "/api/v1/boards";
const pathOf = (id) => `${BASE}/${encodeURIComponent(id)}`;

/** Every board, without tiles. */
export const listBoards = async () => (await getJson(BASE)).boards;

/** One board. Throws ApiError with status 404 where it was deleted. */
export const getBoard = (id) => getJson(pathOf(id));

/** What is sent of a board, in the order in which the server keeps it. */
export const contentOf = (board) => ({ title: board.title, note: board.note || "", tiles: (board.tiles || []).map(tileOf) });

/** A tile with every member, in the order in which the server keeps them. */
export const tileOf = (tile) => ({
  kind: tile.kind,
  series: tile.series.map(({ name, column = "", axis = "auto" }) => ({ name, column, axis })),
  title: tile.title || "",
  span: tile.span || "1d",
  width: tile.width || 1,
  height: tile.height || 1,
});

/** Make a board; answers it. */
export const makeBoard = (content) => change("POST", BASE, content);

/** Change a board that has this version. Throws ApiError with status 412 where it has another one, or none. */
export const putBoard = (id, content, version) => change("PUT", pathOf(id), content, { "If-Match": `"${version}"` });

/** Put a board back that was deleted. Throws ApiError with status 412 where it is there again. */
export const restoreBoard = (id, content) => change("PUT", pathOf(id), content, { "If-None-Match": "*" });

/** Delete a board that has this version. */
export const deleteBoard = (id, version) => change("DELETE", pathOf(id), undefined, { "If-Match": `"${version}"` });

/** What a series looks like on a tile: a column is named only where there are several. */
export const seriesOf = (value, values) =>
  values.filter((each) => each.series === value.series).length > 1 ? { name: value.series, column: value.column } : { name: value.series };

async function change(method, path, content, more = {}) {
  const headers = { Accept: "application/json", ...more };
  const { csrf } = await getSession();
  if (csrf) headers["X-CSRF-Token"] = csrf;
  const asked = { method, headers, cache: "no-store", credentials: "same-origin" };
  if (content !== undefined) {
    headers["Content-Type"] = "application/json";
    asked.body = JSON.stringify(contentOf(content));
  }
  let response;
  try {
    response = await fetch(path, asked);
  } catch {
    throw new ApiError(0, "The server cannot be reached.");
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, answer?.detail || `The server answered ${response.status}.`, answer?.parameter);
  return answer;
}
