// Several runs laid over each other in one signal, with the incidents they share.
import { address, get } from "./api.js";
import { h, table } from "./dom.js";
import { count, number, place, pValue } from "./format.js";
import { Axis, Chart, color, faded, followScheme, lineKey, smoothed } from "./charts.js";
import * as live from "./live.js";
import * as state from "./state.js";

const kInks = ["--order", "--forecast", "--transition", "--alarm", "--warning", "--ink", "--base", "--link"];
const kDashes = [[], [8, 3], [2, 3], [8, 3, 2, 3], [4, 4], [12, 4], [1, 3], [6, 2, 2, 2]];
const kMost = 48;

export async function overlayPage(view, signal) {
  const search = state.read();
  const ids = search.getAll("run").slice(0, kMost);
  const runs = [];
  for (const answer of await Promise.allSettled(ids.map(id => get(address("runs", id), signal))))
    if (answer.status === "fulfilled") runs.push(answer.value);
  if (!runs.length) throw Object.assign(new Error("None of these runs is there any more."), { status: 404 });
  document.title = `${runs.length} runs · Emergent Dynamics`;
  document.getElementById("crumbs").replaceChildren(h("a", { href: "?", "data-link": "" }, "Runs"), ` › ${runs.length} runs`);

  // Signals that most of them have come first.
  const having = new Map();
  for (const run of runs) for (const s of run.signals) having.set(s.name, (having.get(s.name) ?? 0) + 1);
  const names = [...having.keys()].sort((a, b) => having.get(b) - having.get(a) || a.localeCompare(b));
  const roles = ["test_accuracy", "test_loss", "train_accuracy", "train_loss"];
  const telling = names.find(n => roles.some(r => runs.some(run => run.signals.find(s => s.name === n)?.role === r)));
  let name = names.includes(search.get("signal")) ? search.get("signal") : telling ?? names[0];
  let smoothing = Math.min(0.99, Number(search.get("smooth")) || 0);

  const value = key => search.has(key) && Number.isFinite(Number(search.get(key))) ? Number(search.get(key)) : null;
  const axis = new Axis({ from: value("from"), to: value("to"), log: search.get("x") === "log", onRange: (from, to) => { state.write({ from, to }); load(); } });
  const chart = new Chart(axis, { name: "Runs", height: 380, series: [] });
  const legend = h("ul.legend"), incidents = h("section"), ends = h("section"), numbers = h("div");
  const pick = h("select", { "aria-label": "Signal", onchange: event => { name = event.target.value; state.write({ signal: name }); whole(); } },
    names.map(n => h("option", { value: n, selected: n === name }, `${n} (${having.get(n)})`)));
  const log = h("button", { "aria-pressed": String(axis.log), onclick: () => { axis.log = !axis.log; log.setAttribute("aria-pressed", String(axis.log)); state.write({ x: axis.log ? "log" : null }); draw(); } }, "Log axis");
  const smooth = h("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: smoothing, oninput: event => { smoothing = Number(event.target.value); state.write({ smooth: smoothing || null }); draw(); } });
  const title = h("h2");
  view.replaceChildren(h("h1", {}, `${runs.length} runs laid over each other`), h("div.tools", { role: "toolbar", "aria-label": "How it is drawn" }, h("label", {}, "Signal", pick), log, h("label", {}, "Smoothing", smooth), h("button", { onclick: () => axis.zoom(null, null) }, "Show all")),
    title, chart.element, legend, chart.summary, numbers, incidents, ends, differences(runs));

  let shown = [], found = null;

  async function load() {
    const having = runs.filter(run => run.signals.some(s => s.name === name));
    const answers = await Promise.all(having.map(run => get(address("runs", run.id, "overviews", { signal: name, columns: having.length > 8 ? 300 : 600, from: axis.from, to: axis.to }), signal)));
    shown = having.map((run, i) => ({ run, overview: answers[i].signals[0] })).filter(each => each.overview.position.length);
    draw();
  }

  function draw() {
    title.textContent = name;
    if (!shown.length) { chart.summary.textContent = "No points in this range."; return; }
    const many = shown.length > kInks.length;
    // Thin ones first: what is drawn last lies on top.
    const drawn = shown.map((each, i) => ({ ...each, i })).reverse();
    const data = window.uPlot.join(drawn.map(({ overview }) => [overview.position, overview.max, overview.min, smoothed(overview.last, smoothing)]));
    const series = [], bands = [];
    drawn.forEach(({ run, i }, at) => {
      const ink = many && i >= kInks.length ? "--base" : kInks[i];
      series.push({ label: "", spanGaps: true }, { label: "", spanGaps: true }, { label: run.name || run.id, stroke: many && i >= kInks.length ? faded("--base", 0.5) : color(ink), width: many ? 1 : 1.5, dash: i < kInks.length ? kDashes[i] : [], spanGaps: true });
      bands.push({ series: [3 * at + 1, 3 * at + 2], fill: faded(ink, many ? 0.06 : 0.12) });
    });
    const last = shown.map(({ overview }) => overview.last.filter(v => v !== null).at(-1)).filter(v => v !== undefined).sort((a, b) => a - b);
    const points = shown.reduce((sum, each) => sum + each.overview.points, 0);
    chart.show(data, { series, bands, name: `${name} of ${shown.length} runs along ${axis.axis}`,
      rules: (found?.incidents ?? []).slice(0, 100).map(i => ({ at: i.position, color: "--alarm", dash: [2, 3] })),
      summary: `${count(shown.length, "run")} end between ${number(last[0])} and ${number(last.at(-1))}, half of them below ${number(last[Math.floor((last.length - 1) / 2)])}; ${count(points, "point")} in all, extremes kept.` });
    legend.replaceChildren(...shown.slice(0, kInks.length).map(({ run }, i) => h("li", {}, lineKey(kInks[i], kDashes[i]), h("a", { href: `?run=${run.id}`, "data-link": "" }, run.name || run.id))), many ? h("li", {}, `and ${shown.length - kInks.length} more, thin and grey`) : "");
    numbers.replaceChildren(chart.table());
    ends.replaceChildren(h("h2", {}, "Where they end"), table([{ title: "Run" }, { title: "Last value", number: true }, { title: "Least", number: true }, { title: "Largest", number: true }, { title: axis.axis, number: true }],
      shown.map(({ run }) => ({ run, s: run.signals.find(s => s.name === name) })).sort((a, b) => (a.s.last_value ?? Infinity) - (b.s.last_value ?? Infinity))
        .map(({ run, s }) => [h("a", { href: `?run=${run.id}`, "data-link": "" }, run.name || run.id), number(s.last_value, 6), number(s.min, 6), number(s.max, 6), place(s.last_position, s.axis)]), "Where the runs end"));
  }

  async function loadIncidents() {
    found = null;
    incidents.replaceChildren(h("h2", {}, "Incidents they share"), h("p.soft", {}, "Looking for spikes that several runs have at the same place …"));
    const mine = name;
    try {
      const answer = await get(address("incidents", { signal: name, run: runs.map(r => r.id) }), signal);
      if (mine !== name) return;
      found = answer;
      incidents.lastChild.replaceWith(answer.incidents.length
        ? h("div", {}, h("p.soft", {}, `${count(answer.incidents.length, "place")} where more of ${answer.runs} runs spike than chance would have (dashed rules); p-values hold for all places together.`),
          table([{ title: axis.axis, number: true }, { title: "Runs", number: true }, { title: "Deviation", number: true }, { title: "p", number: true }], answer.incidents.slice(0, 100).map(i => [
            h("button", { onclick: () => axis.zoom(i.position - (axis.high - axis.low) / 40, i.position + (axis.high - axis.low) / 40) }, place(i.position, axis.axis)), `${i.runs} of ${i.covered}`, number(i.deviation, 3), pValue(i.p_value)]), "Incidents the runs share"))
        : h("p.soft", {}, `None: no place of ${name} has more spikes in ${answer.runs} runs than chance would have.`));
      draw();
    } catch (error) {
      if (error.name !== "AbortError") incidents.lastChild.replaceWith(h("p.soft", {}, `Not looked for: ${error.message}`));
    }
  }

  async function whole() {
    const about = runs.flatMap(run => run.signals.filter(s => s.name === name));
    axis.axis = about[0]?.axis ?? "step";
    axis.extent(Math.min(...about.map(s => s.first_position ?? Infinity)), Math.max(...about.map(s => s.last_position ?? -Infinity)));
    await load();
    loadIncidents();
  }

  let busy = false;
  const unlisten = live.listen((kind, data) => {
    if (busy || (kind !== "resync" && kind !== "reconnected" && !(kind === "run" && ids.includes(data.run)))) return;
    busy = true;
    setTimeout(() => { busy = false; if (!signal.aborted) load().catch(() => {}); }, 1000);
  });
  signal.addEventListener("abort", () => { unlisten(); chart.destroy(); });
  followScheme(axis, draw, signal);
  await whole();
}

/** Settings in which the runs differ. */
function differences(runs) {
  const keys = new Set(runs.flatMap(run => Object.keys(run.configuration ?? {})));
  const differ = [...keys].filter(key => new Set(runs.map(run => JSON.stringify(run.configuration?.[key]))).size > 1).slice(0, 12);
  if (!differ.length) return h("section", {}, h("h2", {}, "Settings"), h("p.soft", {}, "They tell no settings in which they differ."));
  return h("section", {}, h("h2", {}, "Settings that differ"), table([{ title: "Run" }, ...differ.map(key => ({ title: key }))], runs.map(run => [run.name || run.id, ...differ.map(key => String(run.configuration?.[key] ?? "–"))]), "Settings that differ"));
}
