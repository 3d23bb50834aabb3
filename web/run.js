// One run: its emergence timeline, from the headline down to what it cost, live while it goes.
import { address, get, put } from "./api.js";
import { debounce, h, say, svg, table } from "./dom.js";
import { count, interval, number, percent, place, pValue, sentences, time } from "./format.js";
import { Axis, Chart, color, drawnAs, faded, followScheme, kindLegend, lineKey, overviewData, overviewSeries } from "./charts.js";
import * as live from "./live.js";
import * as state from "./state.js";

const kFamilies = ["loss", "gradients", "weights", "activations", "representation", "data", "other"];
const kOrderRoles = ["test_accuracy", "test_loss", "train_accuracy", "train_loss"];
const kColumns = 800;
const kLaneColumns = 400;
const kEvents = 2000;

export async function runPage(view, signal) {
  const search = state.read();
  const id = search.get("run");
  const detail = await get(address("runs", id), signal);
  const page = new RunPage(view, id, detail, search, signal);
  await page.start();
}

function numberOf(search, key) {
  const value = Number(search.get(key));
  return search.has(key) && Number.isFinite(value) ? value : null;
}

class RunPage {
  constructor(view, id, detail, search, signal) {
    Object.assign(this, { view, id, detail, signal, analysis: null, events: [], fresh: new Set(), lanes: new Map() });
    this.smoothing = Math.min(0.99, numberOf(search, "smooth") ?? 0);
    this.sort = search.get("by") ?? "position";
    this.axisName = detail.signals[0]?.axis ?? "step";
    this.axis = new Axis({ from: numberOf(search, "from"), to: numberOf(search, "to"), log: search.get("x") === "log", axis: this.axisName,
      onRange: (from, to) => { state.write({ from, to }); this.reload(); this.tools(); } });
    this.reload = debounce(120, () => this.loadCharts());
    this.extent();
  }

  extent() {
    const low = this.detail.signals.map(s => s.first_position).filter(v => v !== null);
    const high = this.detail.signals.map(s => s.last_position).filter(v => v !== null);
    const from = Math.min(...low), to = Math.max(...high);
    if (low.length && high.length) this.axis.extent(Math.min(from, to), Math.max(from, to));
  }

  async start() {
    const { view, detail } = this;
    document.title = `${detail.name || detail.id} · Emergent Dynamics`;
    document.getElementById("crumbs").replaceChildren(h("a", { href: "?", "data-link": "" }, "Runs"), " › ", detail.name || detail.id);
    const part = more => h(`section.panel${more ? "." + more : ""}`);
    this.parts = { head: h("div", { role: "status" }), tools: h("div.tools", { role: "toolbar", "aria-label": "How it is drawn" }), order: part("aligned"), forecast: part("aligned"), lanes: part(), events: part(), more: part(), about: part() };
    view.replaceChildren(h("h1", {}, detail.name || detail.id), ...Object.values(this.parts));
    this.signal.addEventListener("abort", () => this.leave());
    if (!detail.signals.length || !detail.points) {
      this.parts.order.append(h("div.state", {}, h("strong", {}, "No points yet"), detail.status === "running" ? "They appear here as they are logged." : "The run ended before anything was logged."));
    } else {
      this.orderName = this.orderOf();
      this.tools();
      this.headline();
      this.buildOrder();
      this.buildLanes();
      await Promise.all([this.loadCharts(), this.loadEvents()]);
    }
    this.about();
    this.unlisten = live.listen((kind, data) => this.heard(kind, data));
    followScheme(this.axis, () => this.redraw(), this.signal);
    addEventListener("beforeprint", () => this.loadLanes([...this.lanes.keys()]), { signal: this.signal });
    if (detail.points) this.loadAnalysis();
  }

  leave() {
    this.unlisten?.();
    this.observer?.disconnect();
    for (const chart of [...this.axis.charts]) chart.destroy();
  }

  orderOf() {
    if (this.analysis?.order_parameter) return this.analysis.order_parameter;
    for (const role of kOrderRoles) {
      const found = this.detail.signals.find(s => s.role === role);
      if (found) return found.name;
    }
    return this.detail.signals[0].name;
  }

  tools() {
    const { axis } = this;
    const zoomed = axis.from !== null;
    const button = (text, pressed, work, title) => h("button", { onclick: work, title, "aria-pressed": pressed === null ? undefined : String(pressed) }, text);
    const focused = this.parts.tools.contains(document.activeElement) ? document.activeElement.id : "";
    const smooth = h("input", { id: "smooth", type: "range", min: 0, max: 0.99, step: 0.01, value: this.smoothing,
      oninput: event => { this.smoothing = Number(event.target.value); state.write({ smooth: this.smoothing || null }); this.redraw(); } });
    this.parts.tools.replaceChildren(
      button("Log axis", axis.log, () => { axis.log = !axis.log; state.write({ x: axis.log ? "log" : null }); this.tools(); this.redraw(); }, "Logarithmic horizontal axis"),
      h("label", {}, "Smoothing", smooth),
      button("Nearer", null, () => axis.scale(0.5, (axis.range[0] + axis.range[1]) / 2)), button("Farther", null, () => axis.scale(2, (axis.range[0] + axis.range[1]) / 2)),
      h("button", { onclick: () => axis.zoom(null, null), disabled: !zoomed }, zoomed ? "Show all" : "All shown"),
      h("span.soft", {}, zoomed ? `${axis.axis} ${place(axis.from, axis.axis)} to ${place(axis.to, axis.axis)}` : "Drag to zoom; shift and wheel, or the keys + − 0 ← → on a chart."));
    if (focused) document.getElementById(focused)?.focus();
  }

  headline() {
    const { detail, analysis } = this;
    const facts = h("p.soft", {}, h(`span.status.${detail.status}`, {}, detail.status), ` · ${this.axisName} ${place(detail.last_position, this.axisName)} · ${count(detail.points, "point")} in ${count(detail.signals.length, "signal")} · ${count(detail.events, "event")} · made ${time(detail.created)}`,
      detail.tags.map(tag => h("span.tag", {}, tag)));
    let words;
    if (!analysis) words = h("p.headline.soft", {}, detail.points ? "Looking for transitions …" : "");
    else if (analysis.absence) words = h("p.headline.soft", {}, `No analysis: ${analysis.absence}.`);
    else words = h("p.headline", {}, analysis.headline);
    const problem = detail.nonfinite ? h("p.notice", {}, `${count(detail.nonfinite, "value")} of this run ${detail.nonfinite === 1 ? "is" : "are"} NaN or infinite; they are counted and left out of the lines.`) : null;
    this.parts.head.replaceChildren(facts, words, problem ?? "");
  }

  transition() {
    return this.analysis?.transitions?.find(t => t.order_parameter === this.orderName) ?? null;
  }

  buildOrder() {
    this.order?.destroy();
    this.order = new Chart(this.axis, { name: `${this.orderName} along ${this.axis.axis}`, height: 260, series: [], unit: "" });
    this.orderBody = laneOf(this.orderName, "order parameter", this.order);
    this.parts.order.replaceChildren(h("h2.hidden", {}, "Order parameter"), this.orderBody, this.order.summary);
  }

  drawOrder(overview) {
    this.orderOverview = overview;
    const drawing = overviewSeries(this.orderName, this.smoothing);
    let data = overviewData(overview, this.smoothing);
    const found = this.transition(), spans = [], rules = [];
    if (found?.curve.position.length) {
      const joined = window.uPlot.join([data, [found.curve.position, found.curve.high, found.curve.low, found.curve.value]]);
      data = joined;
      drawing.series.forEach(each => { each.spanGaps = true; });
      drawing.series.push({ label: "", spanGaps: true }, { label: "", spanGaps: true }, { label: "fitted transition", stroke: color("--transition"), dash: [6, 3], spanGaps: true });
      drawing.bands.push({ series: [5, 6], fill: faded("--transition", 0.18) });
    }
    if (found?.onset && found.kind !== "none") {
      spans.push({ from: found.onset.low, to: found.onset.high, color: "--transition" });
      rules.push({ at: found.onset.estimate, color: "--transition", label: "onset" });
    }
    if (this.analysis?.forecast?.crossed_at != null)
      rules.push({ at: this.analysis.forecast.crossed_at, color: "--forecast", dash: [4, 3], label: "forecast crossed" });
    const words = this.analysis?.words?.transition ?? "";
    this.order.show(data, { ...drawing, spans, rules, ticks: this.eventsOf(this.orderName),
      summary: `${words ? words + " " : ""}${drawnAs(overview)}.`, name: `${this.orderName} along ${this.axis.axis}. ${words}` });
    const old = this.parts.order.querySelector("details");
    if (!old || !old.open) { old?.remove(); this.parts.order.append(this.order.table()); }
  }

  eventsOf(name) {
    return this.events.filter(event => event.signal === name);
  }

  buildLanes() {
    const byFamily = new Map(kFamilies.map(f => [f, []]));
    for (const each of this.detail.signals) (byFamily.get(each.family) ?? byFamily.get("other")).push(each);
    const nodes = [h("h2", {}, "Signals")];
    this.observer?.disconnect();
    this.waiting = new Set();
    const ask = debounce(30, () => this.loadLanes([...this.waiting]));
    this.observer = new IntersectionObserver(entries => {
      for (const entry of entries) {
        const lane = this.lanes.get(entry.target.dataset.signal);
        if (!lane) continue;
        lane.seen = entry.isIntersecting;
        if (lane.seen) this.waiting.add(lane.about.name);
      }
      ask();
    }, { rootMargin: "200px" });
    const filter = h("input", { type: "search", placeholder: "Filter signals", "aria-label": "Filter signals", oninput: event => {
      const part = event.target.value.toLowerCase();
      for (const lane of this.lanes.values()) lane.element.hidden = !lane.about.name.toLowerCase().includes(part);
      for (const head of this.parts.lanes.querySelectorAll(".family")) {
        let next = head.nextElementSibling, any = false;
        for (; next && next.classList.contains("lane"); next = next.nextElementSibling) any ||= !next.hidden;
        head.hidden = !any;
      }
    } });
    if (this.detail.signals.length > 8) nodes.push(h("div.tools", {}, filter));
    this.lanes.clear();
    for (const [family, signals] of byFamily) {
      if (!signals.length) continue;
      nodes.push(h("h3.family", {}, family));
      for (const about of signals) {
        const lane = { about, chart: null, seen: false };
        lane.body = h("div.body");
        lane.last = h("div.last");
        lane.element = h("div.lane", { "data-signal": about.name }, h("div.what", {}, about.name, about.role ? h("small", {}, about.role.replace("_", " ")) : null), lane.body, lane.last);
        this.lanes.set(about.name, lane);
        this.lastValue(lane);
        nodes.push(lane.element);
        this.observer.observe(lane.element);
      }
    }
    const bottom = [...this.lanes.values()].at(-1);
    if (bottom) bottom.last_of_all = true;
    nodes.push(this.legendPlace = h("div"));
    this.parts.lanes.replaceChildren(...nodes);
  }

  lastValue(lane) {
    const { about } = lane;
    lane.last.replaceChildren(about.last_value === null && about.nonfinite ? "not finite" : number(about.last_value, 5), h("small", {}, `at ${place(about.last_position, about.axis)}`));
  }

  range(columns) {
    return { columns, from: this.axis.from, to: this.axis.to };
  }

  /** Never more than one round trip for what is seen. */
  async loadLanes(names) {
    this.waiting.clear();
    for (let i = 0; i < names.length; i += 32) {
      const some = names.slice(i, i + 32);
      let answer;
      try {
        answer = await get(address("runs", this.id, "overviews", { ...this.range(kLaneColumns), signal: some }), this.signal);
      } catch (error) {
        if (error.name !== "AbortError") this.trouble(error);
        return;
      }
      for (const overview of answer.signals) this.drawLane(overview);
    }
  }

  drawLane(overview) {
    const lane = this.lanes.get(overview.signal);
    if (!lane) return;
    lane.overview = overview;
    if (!lane.chart) {
      lane.chart = new Chart(this.axis, { name: `${overview.signal} along ${this.axis.axis}`, height: lane.last_of_all ? 106 : 72, bare: true, showAxis: lane.last_of_all, series: [] });
      lane.body.replaceChildren(lane.chart.element);
    }
    lane.chart.show(overviewData(overview, this.smoothing), { ...overviewSeries(overview.signal, this.smoothing), ticks: this.eventsOf(overview.signal),
      name: `${overview.signal} along ${this.axis.axis}: ${drawnAs(overview)}` });
    lane.chart.element.title = drawnAs(overview);
  }

  async loadCharts() {
    if (!this.order) return;
    try {
      const answer = await get(address("runs", this.id, "overviews", { ...this.range(kColumns), signal: [this.orderName] }), this.signal);
      this.drawOrder(answer.signals[0]);
    } catch (error) {
      if (error.name === "AbortError") return;
      return this.trouble(error);
    }
    await this.loadLanes([...this.lanes.values()].filter(lane => lane.seen || lane.chart).map(lane => lane.about.name));
  }

  redraw() {
    if (this.orderOverview) this.drawOrder(this.orderOverview);
    for (const lane of this.lanes.values()) if (lane.overview) this.drawLane(lane.overview);
    if (this.forecastChart) this.drawForecast();
    if (this.interactionChart) this.drawInteractions();
  }

  trouble(error) {
    const notice = h("p.notice.bad", { role: "alert" }, `What is drawn may be old: ${error.message} `, h("button", { onclick: () => { notice.remove(); this.loadCharts(); } }, "Try again"));
    this.parts.tools.after(notice);
  }

  async loadEvents() {
    const answer = await get(address("runs", this.id, "events", { limit: kEvents }), this.signal);
    this.events = answer.events;
    this.moreEvents = answer.next !== null ? answer.total - answer.events.length : 0;
    this.drawEvents();
    this.redraw();
  }

  drawEvents() {
    const columns = [
      { key: "position", title: this.axisName, number: true }, { key: "signal", title: "Signal" }, { key: "kind", title: "Kind" }, { key: "detector", title: "Detector" },
      { key: "p_value", title: "p-value", number: true }, { key: "evidence", title: "Evidence" }, { key: "", title: "Judgement", act: true }];
    const way = this.sort.startsWith("-") ? -1 : 1, by = this.sort.replace("-", "");
    const sorted = [...this.events].sort((a, b) => {
      const x = a[by], y = b[by];
      return way * (typeof x === "string" ? x.localeCompare(y) : (x ?? Infinity) - (y ?? Infinity)) || a.index - b.index;
    });
    const sortBy = key => { this.sort = this.sort === key ? `-${key}` : key; state.write({ by: this.sort === "position" ? null : this.sort }); this.drawEvents(); };
    const head = h("tr", {}, columns.map(c => h(`th${c.number ? ".n" : ""}${c.act ? ".act" : ""}`, { scope: "col", "aria-sort": c.key === by ? (way > 0 ? "ascending" : "descending") : undefined },
      c.key && c.key !== "evidence" ? h("button", { onclick: () => sortBy(c.key) }, c.title, c.key === by ? (way > 0 ? " ↑" : " ↓") : "") : c.title)));
    const rows = sorted.map(event => this.eventRow(event));
    this.fresh.clear();
    const words = this.analysis?.words?.alarms;
    this.parts.events.replaceChildren(h("h2", {}, "Events"),
      ...(rows.length ? [h("p.soft", {}, words || `${count(rows.length + this.moreEvents, "alarm")}. A position leads to its place in the charts.`),
        h("div.wide", { tabIndex: 0, role: "region", "aria-label": "Events" }, h("table", {}, h("caption.hidden", {}, "Events"), h("thead", {}, head), h("tbody", {}, rows)))]
        : [h("p.soft", {}, this.detail.status === "running" ? "No alarm so far. Alarms appear here as they happen." : "No alarm was raised.")]),
      this.moreEvents ? h("p.sum", {}, `${count(this.moreEvents, "event")} more: ${address("runs", this.id, "events", { after: kEvents })}`) : "");
    if (rows.length) this.parts.events.append(h("p.sum", {}, h("a", { href: address("runs", this.id, "labels") }, "Judged events as labels (JSON)")));
    this.legendPlace?.replaceChildren(kindLegend(new Set(this.events.map(e => e.kind))));
  }

  eventRow(event) {
    const evidence = event.before !== null && event.after !== null ? `${number(event.before)} → ${number(event.after)}` : event.score !== null ? `score ${number(event.score, 3)}` : "";
    const onset = event.onset ? ` since ${place(event.onset.estimate, event.axis)}` : "";
    const verdict = (word, text, title) => h("button", { "aria-pressed": String(event.verdict === word), title, "aria-label": `${title}: ${event.kind} of ${event.signal} at ${place(event.position, event.axis)}`, onclick: () => this.judge(event, event.verdict === word ? null : word) }, text);
    return h(this.fresh.has(event.index) ? "tr.fresh" : "tr", {},
      h("td.n", {}, h("button", { onclick: () => this.jump(event), title: "Show its place" }, place(event.position, event.axis))),
      h("td", {}, event.signal), h("td", {}, event.kind + (event.direction === "none" ? "" : `, ${event.direction}`)), h("td", {}, event.detector), h("td.n", {}, pValue(event.p_value)), h("td", {}, evidence + onset),
      h("td.act", {}, verdict("accept", "✓", "Accept"), " ", verdict("reject", "✕", "Reject")));
  }

  jump(event) {
    const [low, high] = [this.axis.low, this.axis.high];
    const room = Math.max((high - low) / 40, Math.abs((event.onset?.estimate ?? event.position) - event.position) * 2);
    this.axis.zoom(event.position - room, event.position + room);
    const lane = this.lanes.get(event.signal);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    lane?.element.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
    lane?.chart?.element.focus({ preventScroll: true });
  }

  async judge(event, verdict) {
    try {
      await put(address("runs", this.id, "events", String(event.index), "verdict"), { verdict });
      event.verdict = verdict;
      say(verdict ? `${verdict}ed` : "judgement taken back");
      this.drawEvents();
    } catch (error) {
      const notice = h("p.notice.bad", { role: "alert" }, `Not kept: ${error.message}`);
      this.parts.events.querySelector(".notice")?.remove();
      this.parts.events.querySelector("h2").after(notice);
    }
  }

  async loadAnalysis() {
    try {
      this.analysis = await get(address("runs", this.id, "analysis"), this.signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.analysis = { absence: error.message };
    }
    this.headline();
    if (this.analysis.absence) return;
    const name = this.orderOf();
    if (name !== this.orderName) {
      this.orderName = name;
      this.buildOrder();
      await this.loadCharts();
    } else if (this.orderOverview) this.drawOrder(this.orderOverview);
    this.drawForecast();
    this.drawEvents();
    this.drawMore();
  }

  drawForecast() {
    const { forecast, words } = this.analysis;
    const made = forecast.forecasts.filter(f => f.status === "ok" && f.probability);
    this.forecastChart?.destroy();
    this.forecastChart = null;
    if (!made.length) {
      this.parts.forecast.replaceChildren(h("h2", {}, "Forecast"), h("p.soft", {}, `No forecast: ${forecast.absence || "none was made"}.`));
      return;
    }
    const columns = [made.map(f => f.at), made.map(f => f.probability.high), made.map(f => f.probability.low), made.map(f => f.probability.estimate)];
    let data = columns;
    const series = [{ label: "upper end", spanGaps: true }, { label: "lower end", spanGaps: true }, { label: "probability", stroke: color("--forecast"), points: made.length < 60, spanGaps: true }];
    const bands = [{ series: [1, 2], fill: faded("--forecast", 0.18) }];
    const dashes = [[2, 3], [6, 3], [1, 2]];
    if (forecast.baselines.length) {
      data = window.uPlot.join([columns, ...forecast.baselines.map(b => [b.positions, b.probabilities])]);
      forecast.baselines.forEach((b, i) => series.push({ label: b.name, stroke: color("--base"), width: 1, dash: dashes[i % 3], spanGaps: true }));
    }
    const rules = [], levels = [];
    if (forecast.threshold !== null) levels.push({ at: forecast.threshold, color: "--forecast", label: `alarm at ${percent(forecast.threshold)}` });
    if (forecast.crossed_at !== null) rules.push({ at: forecast.crossed_at, color: "--forecast", dash: [4, 3], label: "crossed" });
    const onset = this.transition()?.onset;
    if (onset) rules.push({ at: onset.estimate, color: "--transition", label: "onset" });
    this.forecastChart = new Chart(this.axis, { name: `Forecast: ${words.forecast}`, height: 180, series: [], range: () => [0, 1.02], summary: `${words.forecast} ${words.forecast_detail}` });
    this.parts.forecast.replaceChildren(h("h2.hidden", {}, "Forecast"), laneOf("Forecast", made.at(-1).target, this.forecastChart, percent(made.at(-1).probability.estimate), `at ${place(made.at(-1).at, this.axisName)}`),
      h("ul.legend", {}, h("li", {}, lineKey("--forecast"), "probability with its interval"), forecast.baselines.map((b, i) => h("li", {}, lineKey("--base", dashes[i % 3]), b.name))), this.forecastChart.summary);
    this.forecastChart.show(data, { series, bands, rules, levels });
    this.parts.forecast.append(this.forecastChart.table());
  }

  drawMore() {
    const { analysis } = this, nodes = [];
    for (const driver of analysis.drivers) nodes.push(h("h2", {}, "Drivers"), h("p.soft", {}, `${analysis.words.drivers || ""} Moved the forecast ${driver.title}${driver.at === null ? "" : ` (${this.axisName} ${place(driver.at, this.axisName)})`}; Shapley values on the scale of ${driver.attribution.scale.replace("_", " ")}. Not a proof of causes.`), bars(driver.attribution.contributions));
    if (analysis.change_order.length) nodes.push(h("h2", {}, "Order of change"), table([{ title: "Signal" }, { title: "Change" }, { title: "Onset", number: true }, { title: "Relative", number: true }, { title: "Order" }],
      analysis.change_order.map(c => [c.signal, c.direction, interval(c.onset), number(c.relative, 4), c.order]), "Order of change"));
    const summary = analysis.analysis;
    if (summary) {
      nodes.push(h("h2", {}, "All signals, ranked"), h("p.soft", {}, sentences(summary.headline, summary.how, summary.rest)),
        h("details", { open: summary.signals.length <= 12 }, h("summary", {}, "Table"), table([{ title: "Signal" }, { title: "Change" }, { title: "Onset", number: true }, { title: "BIC gain", number: true }, { title: "p", number: true }, { title: "q", number: true }],
          summary.signals.map(s => [s.signal, s.change, interval(s.onset), number(s.bic_gain, 3), pValue(s.p_value), pValue(s.q_value)]), "All signals, ranked")));
      for (const each of summary.mirage) nodes.push(h("p.notice", {}, `${each.signal}: ${each.words}`));
    }
    const warning = [...analysis.early_warning].sort((a, b) => (a.q_value ?? 1) - (b.q_value ?? 1));
    const standing = warning.filter(w => w.q_value !== null && w.q_value <= 0.05).length;
    nodes.push(h("h2", {}, "Early warning"));
    if (!warning.length) nodes.push(h("p.soft", {}, sentences(analysis.early_warning_absence || "no trend of an indicator was looked for before a transition")));
    else nodes.push(h("p.soft", {}, `${standing} of the ${count(warning.length, "trend")} shown ${standing === 1 ? "stands" : "stand"} after correction for all that were looked at.`),
      h("details", {}, h("summary", {}, "Table"), table([{ title: "Signal" }, { title: "Indicator" }, { title: "Kendall's τ", number: true }, { title: "p", number: true }, { title: "q", number: true }], warning.map(w => [w.signal, w.indicator.replaceAll("_", " "), number(w.tau, 3), pValue(w.p_value), pValue(w.q_value)]), "Early warning")));
    this.parts.more.replaceChildren(...nodes);
    this.interactionPlace = h("div.aligned");
    this.parts.more.append(this.interactionPlace);
    this.drawInteractions();
  }

  drawInteractions() {
    const together = this.analysis?.analysis?.interactions;
    if (!together || !this.interactionPlace) return;
    this.interactionChart?.destroy();
    this.interactionChart = new Chart(this.axis, { name: `Interactions: ${together.words}`, height: 150, series: [], summary: `${sentences(together.words)} Total correlation of ${count(together.signals.length, "signal")} in windows, in nats; the grey band is what independent parts would give.` });
    this.interactionPlace.replaceChildren(h("h2", {}, "Interactions"), laneOf("total correlation", "nats", this.interactionChart), this.interactionChart.summary);
    this.interactionChart.show([together.positions, together.band_high, together.band_low, together.values], {
      series: [{ label: "independent, upper" }, { label: "independent, lower" }, { label: "total correlation", stroke: color("--order"), points: true }], bands: [{ series: [1, 2], fill: faded("--base", 0.18) }] });
    this.interactionPlace.append(this.interactionChart.table());
  }

  about() {
    const { detail } = this;
    const flat = (object, prefix = "") => Object.entries(object ?? {}).flatMap(([key, value]) =>
      value && typeof value === "object" && !Array.isArray(value) ? flat(value, `${prefix}${key}.`) : [[prefix + key, Array.isArray(value) ? JSON.stringify(value) : typeof value === "number" ? number(value, 6) : String(value)]]);
    const list = entries => h("dl.key", {}, entries.map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, value))));
    const settings = flat(detail.configuration);
    const facts = [["id", detail.id], ["source", detail.source || "–"], ["seed", detail.seed === null ? "–" : String(detail.seed)], ["code version", detail.code_version || "–"], ["points stored", number(detail.points)], ["not finite", number(detail.nonfinite)],
      ...flat(detail.machine, "machine."), ...flat(detail.notes).filter(([key]) => !key.startsWith("feedback") && key !== "probes")];
    const probes = Array.isArray(detail.notes?.probes) ? detail.notes.probes.filter(p => p && typeof p === "object") : [];
    this.parts.about.replaceChildren(h("h2", {}, "Settings"), settings.length ? list(settings) : h("p.soft", {}, "The run tells no settings."),
      h("h2", {}, "What is known of it"), list(facts.slice(0, 200)),
      ...(probes.length ? [h("h2", {}, "Cost of the probes"), table([{ title: "Probe" }, { title: "Calls", number: true }, { title: "Seconds", number: true }, { title: "Share of the time", number: true }],
        probes.map(p => [String(p.name ?? "–"), number(p.calls), number(p.seconds, 3), detail.notes.seconds ? percent(p.seconds / detail.notes.seconds) : "–"]), "Cost of the probes")] : []),
      h("h2", {}, "Downloads"), h("ul", {}, detail.signals.slice(0, 40).map(s => h("li", {}, h("a", { href: address("runs", this.id, "points", { signal: s.name, format: "csv", limit: 200000 }) }, `${s.name}.csv`), h("span.soft", {}, ` ${count(s.points, "point")}${s.points > 200000 ? ", the first 200,000; go on with offset" : ""}`)))));
  }

  heard(kind, data) {
    if (kind === "resync" || kind === "reconnected") return this.again();
    if (data.run !== this.id) return;
    if (kind === "run") {
      Object.assign(this.detail, data.summary, { signals: this.detail.signals });
      this.again();
    } else if (kind === "event") {
      if (data.index > (this.events.at(-1)?.index ?? -1) + 1) return this.loadEvents();
      if (data.index <= (this.events.at(-1)?.index ?? -1)) return;
      this.events.push({ index: data.index, verdict: null, ...data.event });
      this.fresh.add(data.index);
      this.drawEvents();
      this.redraw();
      say(`${data.event.kind} of ${data.event.signal} at ${place(data.event.position, data.event.axis)}`);
    } else if (kind === "gone") {
      this.view.replaceChildren(h("div.state", { role: "alert" }, h("strong", {}, "This run was removed"), h("a", { href: "?", "data-link": "" }, "All runs")));
    }
  }

  /** Twice a second at most, however fast points come. */
  async again() {
    if (this.busy) { this.due = true; return; }
    this.busy = true;
    try {
      const before = this.detail;
      this.detail = await get(address("runs", this.id), this.signal);
      this.extent();
      const known = new Set(before.signals.map(s => s.name));
      if (this.detail.signals.some(s => !known.has(s.name)) || !this.order) {
        for (const chart of [...this.axis.charts]) chart.destroy();
        this.forecastChart = this.interactionChart = null;
        this.parts.order.replaceChildren();
        this.orderName = this.orderOf();
        this.tools();
        this.buildOrder();
        this.buildLanes();
      }
      for (const about of this.detail.signals) {
        const lane = this.lanes.get(about.name);
        if (lane) { lane.about = about; this.lastValue(lane); }
      }
      this.headline();
      await this.loadCharts();
      if (this.detail.events !== this.events.length && !this.moreEvents) await this.loadEvents();
      if (before.status === "running" && this.detail.status !== "running") this.loadAnalysis();
    } catch (error) {
      if (error.name !== "AbortError") this.trouble(error);
    }
    setTimeout(() => { this.busy = false; if (this.due && !this.signal.aborted) { this.due = false; this.again(); } }, 500);
  }
}

/** A chart in the columns of the lanes, so that all share one horizontal axis. */
function laneOf(name, what, chart, last = "", at = "") {
  return h("div.lane.tall", {}, h("div.what", {}, h("strong", {}, name), h("small", {}, what)), h("div.body", {}, chart.element), h("div.last", {}, last, at ? h("small", {}, at) : null));
}

function bars(contributions) {
  const shown = [...contributions].sort((a, b) => Math.abs(b.phi) - Math.abs(a.phi)).slice(0, 12);
  const most = Math.max(...shown.map(c => Math.max(Math.abs(c.phi), Math.abs(c.interval?.low ?? 0), Math.abs(c.interval?.high ?? 0))), 1e-12);
  const x = v => 50 + 48 * v / most;
  return h("div.bars", { role: "list", "aria-label": "Drivers" }, shown.map(c => h("div", { role: "listitem" },
    h("div", {}, `${c.factor.replaceAll("_", " ")}${c.value === null ? "" : ` (${number(c.value, 3)})`}`),
    h("div.track", { "aria-hidden": "true" }, svg("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none" },
      svg("rect", { x: Math.min(50, x(c.phi)), width: Math.abs(x(c.phi) - 50), y: 3, height: 8, fill: c.phi > 0 ? "var(--forecast)" : "var(--order)" }),
      c.interval ? svg("path", { d: `M${x(c.interval.low)} 7H${x(c.interval.high)}`, stroke: "var(--ink)", "stroke-width": 1, "vector-effect": "non-scaling-stroke" }) : null)),
    h("div.n", {}, `${c.phi > 0 ? "+" : "−"}${number(Math.abs(c.phi), 3)}`))));
}
