// The stream of what happens, for whoever wants to hear of it. The browser reconnects by itself and says
// where it was; the server answers `resync` where it no longer knows, and then everything shown is asked anew.

const kKinds = ["run", "event", "forecast", "transition", "gone", "problem", "resync"];
const listeners = new Set();
let source = null;
let last = "";
let retry = 1000;
let state = "connecting";

function show(next, text) {
  state = next;
  const place = document.getElementById("live");
  place.className = `live ${next === "live" ? "on" : next === "off" ? "off" : ""}`;
  place.textContent = text;
}

function tell(kind, data) {
  for (const listener of listeners) listener(kind, data);
}

export function connect() {
  source?.close();
  source = new EventSource("api/v1/stream" + (last ? `?last_event_id=${encodeURIComponent(last)}` : ""));
  source.onopen = () => {
    const back = state === "off";
    retry = 1000;
    show("live", "live");
    if (back) tell("reconnected", {});
  };
  source.onerror = () => {
    show("off", "disconnected, trying again");
    if (source.readyState !== EventSource.CLOSED) return;  // It tries by itself.
    setTimeout(connect, retry);
    retry = Math.min(30000, 2 * retry);
  };
  for (const kind of kKinds) {
    source.addEventListener(kind, message => {
      last = message.lastEventId || last;
      tell(kind, JSON.parse(message.data));
    });
  }
}

/** Calls `listener(kind, data)` until the returned function is called. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// A browser opens six connections to one server: windows that nobody looks at give theirs back after a while, and
// go on where they were.
let resting = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(resting);
  if (document.visibilityState === "hidden") {
    resting = setTimeout(() => { source?.close(); source = null; show("resting", "paused"); }, 20000);
  } else if (!source) connect();
});
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", event => { if (event.persisted) connect(); });
