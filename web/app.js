// Which page is shown, and what is shown when something goes wrong.
import { h } from "./dom.js";
import * as live from "./live.js";
import * as state from "./state.js";
import { listPage } from "./runs.js";
import { runPage } from "./run.js";
import { overlayPage } from "./overlay.js";

const view = document.getElementById("view");
let leave = () => {};

export function problem(error) {
  const retry = h("button", { onclick: show }, "Try again");
  const words = error.status === 401
    ? "Open the address with ?ticket= that the server printed when it started; each opens one browser."
    : error.status === 404 ? "It may have been removed." : "";
  return h("div.state", { role: "alert" }, h("strong", {}, error.status === 404 ? "Not here" : "This could not be shown"),
    h("p", {}, error.message, " ", words), retry, " ", h("a", { href: "?", "data-link": "" }, "All runs"));
}

async function show() {
  leave();
  leave = () => {};
  const search = state.read();
  const runs = search.getAll("run");
  const page = runs.length > 1 ? overlayPage : runs.length === 1 ? runPage : listPage;
  document.body.className = runs.length > 1 ? "overlay" : runs.length === 1 ? "run" : "list";
  const stop = new AbortController();
  leave = () => stop.abort();
  try {
    await page(view, stop.signal);
    if (!stop.signal.aborted) document.body.dataset.ready = page.name;
  } catch (error) {
    if (error.name === "AbortError" || stop.signal.aborted) return;
    view.replaceChildren(problem(error));
    document.body.dataset.ready = "problem";
  }
}

/** What went wrong at the server, above whatever is shown, until it is closed. */
live.listen((kind, data) => {
  if (kind !== "problem") return;
  document.getElementById("problem")?.remove();
  const notice = h("p.notice.bad", { id: "problem", role: "alert" }, data.message, " ", h("button", { onclick: () => notice.remove() }, "Close"));
  view.before(notice);
});

state.onGo(() => {
  delete document.body.dataset.ready;
  window.scrollTo(0, 0);
  show();
  view.focus({ preventScroll: true });
});
live.connect();
show();
