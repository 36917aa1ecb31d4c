// Asks the server's API. Errors are `ApiError`, with the sentence that the server gave.

export class ApiError extends Error {
  /**
   * @param {number} status of HTTP; 0 where the server was not reached
   * @param {string} detail a sentence for people
   * @param {string} parameter the parameter at fault, or empty
   */
  constructor(status, detail, parameter = "") {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.parameter = parameter;
  }
}

let session = null;

/** Who is asking: {user, role, auth, csrf}. Asked once per page. */
export function getSession() {
  session ??= getJson("/api/v1/session").catch((error) => {
    session = null;
    if (error.status === 404) return { user: null, role: "admin", auth: false, csrf: "" };
    throw error;
  });
  return session;
}

/** The JSON that a path answers. Throws ApiError; an `options.signal` that aborts throws AbortError. */
export const getJson = (path, options = {}) => ask(path, { ...options, headers: { Accept: "application/json" } });

/**
 * Send a request that changes something, with the CSRF token, and `more` headers; returns the JSON of the answer, or null.
 * Throws ApiError.
 */
export async function send(method, path, body = undefined, more = {}) {
  const headers = { Accept: "application/json", ...more };
  const token = (await getSession()).csrf;
  if (token) headers["X-CSRF-Token"] = token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return ask(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server cannot be reached.");
  }
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(response.status, "The server's answer could not be read.");
  }
}

async function problemOf(response) {
  try {
    const problem = await response.json();
    return new ApiError(response.status, problem.detail || problem.title, problem.parameter);
  } catch {
    return new ApiError(response.status, `The server answered ${response.status}.`);
  }
}

/**
 * The path of many series' rows, aligned.
 * @param {string[]} series each `NAME` or `NAME:COLUMN`
 * @param {object} asked start, end (seconds since the epoch or as rrdtool takes them), cf (a list), step, max_points
 */
export function dataPath(series, asked) {
  const query = new URLSearchParams();
  for (const each of series) query.append("series", each);
  for (const [name, value] of Object.entries(asked)) {
    for (const each of [value].flat()) if (each !== undefined && each !== null) query.append(name, String(each));
  }
  return `/api/v1/data?${query}`;
}
