// The list of runs: 10,000 of them cost what is seen.
import { address, get } from "./api.js";
import { debounce, h, svg } from "./dom.js";
import { count, number, place, time } from "./format.js";
import * as live from "./live.js";
import * as state from "./state.js";

const kRow = 44;
const kPage = 100;   // Runs of one request.
const kBeyond = 8;   // Rows kept above and below what is seen.
const kColumns = [
  { key: "", title: "", cls: "c-pick" }, { key: "name", title: "Run", cls: "c-name" },
  { key: "status", title: "State", cls: "c-status" }, { key: "", title: "Main signal", cls: "c-spark" },
  { key: "last_position", title: "Last step", cls: "c-last", number: true },
  { key: "points", title: "Points", cls: "c-points", number: true },
  { key: "events", title: "Events", cls: "c-events", number: true },
  { key: "created", title: "Last event, or made", cls: "c-created" }];

/** A small picture of a series: a band from least to largest, a line of the last values. */
export function spark(preview) {
  if (!preview || !preview.position?.length) return h("span.soft", {}, preview ? "no points" : "");
  const xs = preview.position, low = preview.min, high = preview.max, last = preview.last;
  const finite = [...low, ...high].filter(v => v !== null);
  if (!finite.length) return h("span.soft", {}, "nothing finite");
  const least = Math.min(...finite), most = Math.max(...finite);
  const x = v => 140 * (xs.at(-1) > xs[0] ? (v - xs[0]) / (xs.at(-1) - xs[0]) : 0.5);
  const y = v => 28 - 26 * (most > least ? (v - least) / (most - least) : 0.5);
  let path = "", up = [], down = [], pen = "M";
  xs.forEach((p, i) => {
    if (last[i] === null) { pen = "M"; return; }
    path += `${pen}${x(p).toFixed(1)} ${y(last[i]).toFixed(1)}`;
    pen = "L";
    up.push(`${x(p).toFixed(1)},${y(high[i]).toFixed(1)}`);
    down.unshift(`${x(p).toFixed(1)},${y(low[i]).toFixed(1)}`);
  });
  const label = `${preview.signal}: from ${number(last.find(v => v !== null))} to ${number(last.filter(v => v !== null).at(-1))}, least ${number(least)}, largest ${number(most)}`;
  return svg("svg", { class: "spark", viewBox: "0 0 140 30", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("polygon", { points: [...up, ...down].join(" ") }), svg("path", { d: path }));
}

/** A long name is cut in its middle: names of sweeps differ at their end. */
function longName(name) {
  if (name.length < 30) return h("span", {}, name);
  return [h("span", {}, name.slice(0, -14)), h("span.end", {}, name.slice(-14))];
}

function eventText(event) {
  const way = event.direction === "none" ? "" : ` ${event.direction}`;
  return `${event.kind}${way} of ${event.signal} at ${place(event.position, event.axis)}`;
}

export async function listPage(view, signal) {
  const search = state.read();
  const asked = {
    q: search.get("q") ?? "", status: search.get("status") ?? "", tag: search.get("tag") ?? "",
    sort: search.get("sort") ?? "created", order: search.get("order") ?? "desc" };
  const rows = new Map();       // Index in the list to run.
  const askedPages = new Set();
  const previews = new Map();   // Id to preview.
  const picked = new Set();
  let matching = 0, total = 0, at = 0, generation = 0;

  document.title = "Runs · Emergent Dynamics";
  document.getElementById("crumbs").replaceChildren("Runs");
  const text = h("input", { type: "search", value: asked.q, placeholder: "Filter by name, id, source or tag", "aria-label": "Filter runs" });
  const status = h("select", { "aria-label": "State" },
    ["", "running", "finished", "interrupted", "failed"].map(word => h("option", { value: word, selected: word === asked.status }, word || "any state")));
  const found = h("span.soft", { role: "status" });
  const pickedBar = h("span");
  const space = h("div.space", { role: "rowgroup" });
  const scroller = h("div.scroller", { role: "presentation" }, space);
  const head = h("div.row.head", { role: "row" }, kColumns.map(column => {
    const cell = h(`span.${column.cls}${column.number ? ".n" : ""}`, { role: "columnheader" });
    if (!column.key) cell.append(column.title || h("span.hidden", {}, "Lay over each other"));
    else {
      const button = h("button", { onclick: () => sortBy(column.key) }, column.title);
      if (column.key === asked.sort) button.dataset.on = asked.order;
      cell.setAttribute("aria-sort", column.key === asked.sort ? (asked.order === "asc" ? "ascending" : "descending") : "none");
      cell.append(button);
    }
    return cell;
  }));
  const grid = h("div.grid", { role: "grid", "aria-label": "Runs", "aria-rowcount": -1 }, h("div", { role: "rowgroup" }, head), scroller);
  view.replaceChildren(h("h1", {}, "Runs"), h("div.tools", {}, text, status), h("div.picked", {}, found, pickedBar), grid);

  function sortBy(key) {
    const same = key === asked.sort;
    state.write({ sort: key, order: same && asked.order === "desc" ? "asc" : same ? "desc" : key === "name" ? "asc" : "desc" });
    state.refresh();
  }

  /** The page of a row; asked for once. @return whether it came now. */
  async function load(index) {
    const first = kPage * Math.floor(index / kPage);
    if (askedPages.has(first)) return false;
    askedPages.add(first);
    const mine = generation;
    const answer = await get(address("runs", { ...asked, offset: first, limit: kPage }), signal);
    if (mine !== generation) return false;
    matching = answer.matching;
    total = answer.total;
    answer.runs.forEach((run, i) => rows.set(first + i, run));
    found.textContent = matching === total ? count(total, "run") : `${number(matching)} of ${count(total, "run")}`;
    space.style.height = `${matching * kRow}px`;
    grid.setAttribute("aria-rowcount", matching + 1);
    return true;
  }

  function pick(run, on) {
    if (on) picked.add(run.id); else picked.delete(run.id);
    pickedBar.replaceChildren();
    if (picked.size > 1)
      pickedBar.append(h("a", { href: "?" + [...picked].map(id => `run=${id}`).join("&"), "data-link": "" }, `Lay ${picked.size} runs over each other`));
    else if (picked.size === 1) pickedBar.append(h("span.soft", {}, "One run picked; pick more to lay them over each other."));
  }

  function rowOf(run, index) {
    const preview = previews.get(run.id);
    const last = preview?.last_event;
    return h("div.row", {
      role: "row", "aria-rowindex": index + 2, "aria-selected": index === at, tabIndex: index === at ? 0 : -1,
      "data-index": index, style: `top:${index * kRow}px`,
      onclick: event => { if (!event.target.closest("input,a")) open(run); },
      onfocus: () => { at = index; } },
      h("span.c-pick", { role: "gridcell" }, h("input", { type: "checkbox", tabIndex: -1, checked: picked.has(run.id), "aria-label": `Pick ${run.name}`, onchange: event => pick(run, event.target.checked) })),
      h("span.c-name", { role: "gridcell", title: run.name }, h("a.name", { href: `?run=${run.id}`, "data-link": "", tabIndex: -1 }, longName(run.name || run.id)), run.tags.map(tag => h("span.tag", {}, tag))),
      h(`span.c-status.status.${run.status}`, { role: "gridcell" }, run.status),
      h("span.c-spark", { role: "gridcell", title: preview?.signal ?? "" }, spark(preview)),
      h("span.c-last.n", { role: "gridcell" }, place(run.last_position)),
      h("span.c-points.n", { role: "gridcell" }, number(run.points)),
      h("span.c-events.n", { role: "gridcell" }, number(run.events)),
      h("span.c-created.soft", { role: "gridcell", title: last ? eventText(last) : "" }, last ? eventText(last) : time(run.created)));
  }

  const open = run => state.go(`?run=${run.id}`);

  const askPreviews = debounce(60, async () => {
    const wanted = seen().map(i => rows.get(i)).filter(run => run && !previews.has(run.id)).map(run => run.id);
    if (!wanted.length || signal.aborted) return;
    wanted.forEach(id => previews.set(id, null));
    try {
      const answer = await get(address("previews", { run: wanted.slice(0, 100) }), signal);
      for (const one of answer.previews) previews.set(one.run, one);
      draw();
    } catch { wanted.forEach(id => previews.delete(id)); }
  });

  function seen() {
    const first = Math.max(0, Math.floor(scroller.scrollTop / kRow) - kBeyond);
    const last = Math.min(matching - 1, Math.ceil((scroller.scrollTop + scroller.clientHeight) / kRow) + kBeyond);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  }

  function draw() {
    if (signal.aborted) return;
    const focused = space.contains(document.activeElement);
    const wanted = seen();
    for (const index of wanted) if (!rows.has(index)) load(index).then(came => { if (came) draw(); }, () => askedPages.delete(kPage * Math.floor(index / kPage)));
    space.replaceChildren(...wanted.filter(i => rows.has(i)).map(i => rowOf(rows.get(i), i)));
    if (focused) space.querySelector(`[data-index="${at}"]`)?.focus({ preventScroll: true });
    askPreviews();
  }

  function empty() {
    const filtered = asked.q || asked.status || asked.tag;
    space.replaceChildren(h("div.state", {}, filtered
      ? [h("strong", {}, "No run fits"), "Change the filter, or ", h("a", { href: "?", "data-link": "" }, "show all"), "."]
      : [h("strong", {}, "No runs yet"), "Read a log with ", h("code", {}, "emdyn import FILE --store STORE"), ", follow one with ", h("code", {}, "emdyn serve --watch PATH"), ", or log from Python. They appear here by themselves."]));
  }

  async function again() {
    generation += 1;
    rows.clear();
    askedPages.clear();
    await load(kPage * Math.floor(scroller.scrollTop / kRow / kPage));
    if (matching) draw(); else empty();
  }

  function move(to) {
    at = Math.max(0, Math.min(matching - 1, to));
    const top = at * kRow;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    if (top + kRow > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + kRow - scroller.clientHeight;
    draw();
    space.querySelector(`[data-index="${at}"]`)?.focus({ preventScroll: true });
  }

  grid.addEventListener("keydown", event => {
    const page = Math.max(1, Math.floor(scroller.clientHeight / kRow) - 1);
    const run = rows.get(at);
    const jump = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: matching - 1 }[event.key];
    if (jump !== undefined && event.target.closest(".scroller")) { event.preventDefault(); move(jump); }
    else if (event.key === "Enter" && event.target.matches(".scroller .row") && run) open(run);
    else if (event.key === " " && event.target.matches(".scroller .row") && run) { event.preventDefault(); pick(run, !picked.has(run.id)); draw(); }
  });
  scroller.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  text.addEventListener("input", debounce(150, () => { asked.q = text.value; state.write({ q: asked.q }); scroller.scrollTop = 0; at = 0; again(); }));
  status.addEventListener("change", () => { asked.status = status.value; state.write({ status: asked.status }); scroller.scrollTop = 0; at = 0; again(); });

  // Rows that are shown change in place; a list that changed its order is read again, once in a while.
  const later = debounce(1000, again);
  const unlisten = live.listen((kind, data) => {
    if (kind === "resync" || kind === "reconnected" || kind === "gone") return later();
    if (kind === "event") { const one = previews.get(data.run); if (one) one.last_event = data.event; return requestAnimationFrame(draw); }
    if (kind !== "run") return;
    previews.delete(data.run);
    for (const [index, run] of rows) {
      if (run.id !== data.run) continue;
      rows.set(index, data.summary);
      return requestAnimationFrame(draw);
    }
    later();
  });
  const resized = new ResizeObserver(() => draw());
  signal.addEventListener("abort", () => { unlisten(); resized.disconnect(); });
  await again();
  resized.observe(scroller);
}
