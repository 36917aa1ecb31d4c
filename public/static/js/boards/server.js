// The boards on the server: read, made, changed and deleted; a change says for which version it was made.

import { getJson, send } from "../api.js";

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
export const makeBoard = (content) => send("POST", BASE, contentOf(content));

/** Change a board that has this version. Throws ApiError with status 412 where it has another one, or none. */
export const putBoard = (id, content, version) => send("PUT", pathOf(id), contentOf(content), { "If-Match": `"${version}"` });

/** Put a board back that was deleted. Throws ApiError with status 412 where it is there again. */
export const restoreBoard = (id, content) => send("PUT", pathOf(id), contentOf(content), { "If-None-Match": "*" });

/** Delete a board that has this version. */
export const deleteBoard = (id, version) => send("DELETE", pathOf(id), undefined, { "If-Match": `"${version}"` });

/** What a series looks like on a tile: a column is named only where there are several. */
export const seriesOf = (value, values) =>
  values.filter((each) => each.series === value.series).length > 1 ? { name: value.series, column: value.column } : { name: value.series };
