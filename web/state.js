// What is looked at stands in the address: it can be sent to somebody, and the back button works.

const watchers = new Set();

export function read() {
  return new URLSearchParams(location.search);
}

/** Sets (or with null removes) members of the address. `push`: a place to come back to. */
export function write(changes, push = false) {
  const search = read();
  for (const [key, value] of Object.entries(changes)) {
    search.delete(key);
    if (value === null || value === undefined || value === "" || value === false) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(key, one);
  }
  const text = search.toString();
  const next = text ? "?" + text : location.pathname;
  if (push) history.pushState(null, "", next);
  else history.replaceState(null, "", next);
}

/** Goes to another page of this page. */
export function go(search) {
  history.pushState(null, "", search || location.pathname);
  for (const watcher of watchers) watcher();
}

/** Shows the page of the present address anew. */
export function refresh() {
  for (const watcher of watchers) watcher();
}

export function onGo(watcher) {
  watchers.add(watcher);
}

addEventListener("popstate", () => { for (const watcher of watchers) watcher(); });
document.addEventListener("click", event => {
  const link = event.target.closest?.("a[data-link]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const search = new URL(link.href).search;
  go(search);
});
