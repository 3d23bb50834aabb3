// The one way to the server. Answers carry tags, so the browser asks again cheaply.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** address("runs", id, "events", {after: 3}): parts are escaped, lists become repeated parameters. */
export function address(...parts) {
  const query = typeof parts.at(-1) === "object" ? parts.pop() : {};
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") search.append(key, one);
    }
  }
  const text = search.toString();
  return "api/v1/" + parts.map(encodeURIComponent).join("/") + (text ? "?" + text : "");
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server does not answer.");
  }
  if (response.ok) return response.json();
  let message = `The server answered ${response.status}.`;
  try {
    message = (await response.json()).error.message;
  } catch { /* Not ours: a proxy's page. */ }
  throw new ApiError(response.status, message);
}

export const get = (path, signal) => ask(path, { signal });

export const put = (path, body) =>
  ask(path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
