// Charts over one shared horizontal axis: zoom by drag, wheel, keys and buttons; one cursor for all.
// Each has a name, a sentence and a table of what it shows.
import { h, svg, say, table } from "./dom.js";
import { number, place } from "./format.js";

const uPlot = window.uPlot;

export const kKinds = {
  shift: { mark: "▲", color: "--alarm" }, spike: { mark: "│", color: "--forecast" }, trend: { mark: "◆", color: "--warning" },
  variance: { mark: "■", color: "--order" }, outlier: { mark: "●", color: "--transition" }, nonfinite: { mark: "✕", color: "--ink" },
  gap: { mark: "○", color: "--base" } };

export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A colour at some opacity, as a canvas takes it. */
export function faded(name, opacity) {
  const hex = color(name).replace("#", "");
  const full = hex.length === 3 ? [...hex].map(c => c + c).join("") : hex;
  const [r, g, b] = [0, 2, 4].map(i => parseInt(full.slice(i, i + 2), 16));
  return `rgba(${r},${g},${b},${opacity})`;
}

/** Exponential smoothing of the values alone; what stands out is drawn beside it, never smoothed away. */
export function smoothed(values, weight) {
  if (!weight) return values;
  let mean = null, seen = 0;
  return values.map(value => {
    if (value === null) return null;
    mean = mean === null ? value : weight * mean + (1 - weight) * value;
    seen += 1;
    return mean;
  });
}

/** What all charts of a page share: the range that is shown, the scale, who redraws. */
export class Axis {
  constructor({ from = null, to = null, log = false, axis = "step", onRange }) {
    Object.assign(this, { from, to, log, axis, onRange, low: 0, high: 1, charts: new Set(), key: `axis-${Math.random()}` });
    this.sync = uPlot.sync(this.key);
  }
  /** The whole extent of the data. */
  extent(low, high) {
    this.low = low;
    this.high = high > low ? high : low + 1;
  }
  get range() {
    return [this.from ?? this.low, this.to ?? this.high];
  }
  zoom(from, to) {
    const whole = from === null || (from <= this.low && to >= this.high);
    this.from = whole ? null : Math.max(this.low, Math.min(from, this.high));
    this.to = whole ? null : Math.min(this.high, Math.max(to, this.low));
    if (!whole && !(this.to > this.from)) { this.from = null; this.to = null; }
    for (const chart of this.charts) chart.rescale();
    this.onRange?.(this.from, this.to);
    say(whole ? "whole range" : `from ${place(this.from, this.axis)} to ${place(this.to, this.axis)}`);
  }
  /** Nearer (below 1) or farther, around a place. */
  scale(factor, around) {
    const [from, to] = this.range;
    if (this.log && from > 0 && around > 0) {
      const to_log = Math.log, f = to_log(from), t = to_log(to), a = to_log(around);
      return this.zoom(Math.exp(a - (a - f) * factor), Math.exp(a + (t - a) * factor));
    }
    this.zoom(around - (around - from) * factor, around + (to - around) * factor);
  }
  pan(share) {
    const [from, to] = this.range;
    const by = (to - from) * share;
    if (from + by < this.low || to + by > this.high) return;
    this.zoom(from + by, to + by);
  }
}

/** One chart. `series`: {label, values, stroke, width, dash, points} after the positions; `bands`: [high, low] pairs
    of indices with a fill; `rules`: vertical lines; `levels`: horizontal ones; `ticks`: events. */
export class Chart {
  constructor(axis, options) {
    this.axis = axis;
    this.options = options;
    this.read = h("div.read", { "aria-hidden": "true" });
    this.plot = h("div");
    this.element = h("div.chart", {
      tabIndex: 0, role: "img", "aria-label": options.name, "aria-roledescription": "chart; arrow keys read values, plus and minus zoom, shift and arrows move, 0 shows all",
      onkeydown: event => this.key(event) }, this.plot, this.read);
    this.summary = h("p.sum", {}, options.summary ?? "");
    this.data = [[]];
    axis.charts.add(this);
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(this.element);
  }

  /** @param data positions, then the values of each series. */
  show(data, extra = {}) {
    Object.assign(this.options, extra);
    // A chart that is only fed keeps its cursor, and a drag that is under way.
    const { series, bands, height, unit } = this.options;
    const drawing = JSON.stringify([series, bands, height, unit, this.axis.log, color("--ink")]);
    const rebuild = !this.u || drawing !== this.drawing;
    this.drawing = drawing;
    this.data = data;
    this.element.setAttribute("aria-label", this.options.name);
    if (this.options.summary !== undefined) this.summary.textContent = this.options.summary;
    if (rebuild) this.build();
    else this.u.setData(this.shown(), false);
    this.rescale();
  }

  /** A logarithmic axis has no place for what is not above zero. */
  shown() {
    if (!this.axis.log || !this.data[0].length || this.data[0][0] > 0) return this.data;
    const first = this.data[0].findIndex(x => x > 0);
    return first < 0 ? this.data.map(() => []) : this.data.map(column => column.slice(first));
  }

  build() {
    this.u?.destroy();
    const options = this.options, width = Math.max(120, this.element.clientWidth || 600);
    const soft = color("--soft"), grid = { stroke: color("--faint"), width: 1 };
    const font = "12px system-ui, sans-serif";
    this.u = new uPlot({
      width, height: options.height ?? 220, legend: { show: false }, padding: [options.ticks ? 14 : 8, 18, options.bare && !options.showAxis ? 4 : 0, 0],
      scales: { x: { time: false, distr: this.axis.log ? 3 : 1, auto: false, range: () => this.bounds() },
        y: { range: options.range ?? ((u, low, high) => this.span(low, high)) } },
      axes: [
        { stroke: soft, grid, font, ticks: grid, show: !options.bare || options.showAxis, label: options.bare ? undefined : this.axis.axis, labelSize: 20, labelFont: font, size: 34, values: (u, splits) => splits.map(v => v === null ? "" : place(v, this.axis.axis)) },
        { stroke: soft, grid, font, ticks: { show: false }, size: 52, space: options.bare ? 26 : 34, label: options.unit || undefined, labelSize: options.unit ? 20 : 0, labelFont: font, values: (u, splits) => splits.map(v => number(v, 3)) }],
      series: [{}, ...options.series.map(each => ({
        label: each.label, stroke: each.stroke ?? "transparent", width: each.width ?? 1.5, dash: each.dash,
        spanGaps: each.spanGaps ?? false, points: { show: each.points ?? false, size: 5 } }))],
      bands: options.bands,
      cursor: { sync: { key: this.axis.key, setSeries: false, scales: ["x", null] }, drag: { x: true, y: false, setScale: false }, y: false, points: { size: 6 } },
      hooks: { setSelect: [u => this.selected(u)], draw: [u => this.decorate(u)], setCursor: [u => this.tell(u)] },
    }, this.shown(), this.plot);
    this.u.over.addEventListener("dblclick", () => this.axis.zoom(null, null));
    this.u.over.addEventListener("wheel", event => this.wheel(event), { passive: false });
  }

  bounds() {
    const [from, to] = this.axis.range;
    if (!this.axis.log || from > 0) return [from, to];
    const first = this.data[0].find(x => x > 0) ?? 1;
    return [Math.min(first, to / 10), to];
  }

  span(low, high) {
    if (low === null || high === null) return [0, 1];
    const room = high > low ? 0.06 * (high - low) : Math.abs(low) * 0.1 || 1;
    return [low - room, high + room];
  }

  rescale() {
    if (!this.u) return;
    const [min, max] = this.bounds();
    this.u.setScale("x", { min, max });
  }

  resize() {
    const width = this.element.clientWidth;
    if (this.u && width > 0 && width !== this.u.width) this.u.setSize({ width, height: this.options.height ?? 220 });
  }

  selected(u) {
    if (u.select.width < 4) return;
    const from = u.posToVal(u.select.left, "x"), to = u.posToVal(u.select.left + u.select.width, "x");
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.axis.zoom(from, to);
  }

  /** With a key held, or where the chart has the focus: a page must stay scrollable by the wheel. */
  wheel(event) {
    if (!event.ctrlKey && !event.shiftKey && document.activeElement !== this.element) return;
    event.preventDefault();
    const box = this.u.over.getBoundingClientRect();
    this.axis.scale((event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8, this.u.posToVal(event.clientX - box.left, "x"));
  }

  key(event) {
    if (!this.u || event.target !== this.element || event.altKey || event.metaKey || event.ctrlKey) return;
    const [from, to] = this.axis.range;
    const xs = this.u.data[0];
    const around = xs[this.at ?? -1] ?? (from + to) / 2;
    const act = {
      "+": () => this.axis.scale(0.5, around), "=": () => this.axis.scale(0.5, around), "-": () => this.axis.scale(2, around),
      0: () => this.axis.zoom(null, null), Escape: () => this.axis.zoom(null, null),
      ArrowLeft: () => event.shiftKey ? this.axis.pan(-0.25) : this.step(-1), ArrowRight: () => event.shiftKey ? this.axis.pan(0.25) : this.step(1),
      Home: () => this.step(-Infinity), End: () => this.step(Infinity) }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** The cursor goes from place to place; its values are read out. */
  step(by) {
    const xs = this.u.data[0];
    if (!xs.length) return;
    const [from, to] = this.bounds();
    let first = xs.findIndex(x => x >= from), last = xs.length - 1;
    while (last > 0 && xs[last] > to) last -= 1;
    if (first < 0) first = 0;
    const next = this.at === undefined || this.at === null ? first : this.at + (Number.isFinite(by) ? by : 0);
    this.at = by === Infinity ? last : by === -Infinity ? first : Math.max(first, Math.min(last, next));
    this.u.setCursor({ left: this.u.valToPos(xs[this.at], "x"), top: 10 });
    say(this.values(this.at));
  }

  values(index) {
    const parts = this.options.series.map((each, i) => each.label && this.u.data[i + 1][index] !== null ? `${each.label} ${number(this.u.data[i + 1][index])}` : "").filter(Boolean);
    return `${this.axis.axis} ${place(this.u.data[0][index], this.axis.axis)}: ${parts.join(", ")}`;
  }

  tell(u) {
    const index = u.cursor.idx;
    this.at = index ?? this.at;
    this.read.textContent = index === null || index === undefined || u.cursor.left < 0 ? "" : this.values(index);
  }

  /** Rules, levels and event ticks over the plot. */
  decorate(u) {
    const { ctx, bbox } = u, ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
    ctx.clip();
    for (const span of this.options.spans ?? []) {
      const left = u.valToPos(span.from, "x", true), right = u.valToPos(span.to, "x", true);
      ctx.fillStyle = faded(span.color, 0.18);
      ctx.fillRect(left, bbox.top, Math.max(ratio, right - left), bbox.height);
    }
    for (const [i, rule] of (this.options.rules ?? []).entries()) {
      const x = Math.round(u.valToPos(rule.at, "x", true));
      ctx.strokeStyle = color(rule.color);
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash((rule.dash ?? []).map(d => d * ratio));
      line(ctx, x, bbox.top, x, bbox.top + bbox.height);
      if (rule.label) this.label(ctx, rule, x + 4 * ratio, bbox.top + (11 + 13 * i) * ratio, ratio);
    }
    for (const level of this.options.levels ?? []) {
      const y = Math.round(u.valToPos(level.at, "y", true));
      ctx.strokeStyle = color(level.color);
      ctx.lineWidth = ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      line(ctx, bbox.left, y, bbox.left + bbox.width, y);
      if (level.label) this.label(ctx, level, bbox.left + bbox.width - 2 * ratio, y - 6 * ratio, ratio, "right");
    }
    ctx.setLineDash([]);
    ctx.textAlign = "center";
    ctx.font = `${10 * ratio}px system-ui, sans-serif`;
    for (const event of this.options.ticks ?? []) {
      const kind = kKinds[event.kind] ?? kKinds.shift;
      const x = Math.round(u.valToPos(event.position, "x", true));
      ctx.fillStyle = ctx.strokeStyle = color(kind.color);
      ctx.lineWidth = ratio;
      ctx.fillText(kind.mark, x, 9 * ratio);
      line(ctx, x, 11 * ratio, x, bbox.top + 5 * ratio);
    }
    ctx.restore();
  }

  label(ctx, what, x, y, ratio, align = "left") {
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.fillStyle = color(what.color);
    ctx.textAlign = align;
    ctx.fillText(what.label, x, y);
  }

  /** The numbers of the chart, made when somebody opens them. */
  table(most = 200) {
    const details = h("details", {}, h("summary", {}, "Numbers"));
    details.addEventListener("toggle", () => {
      if (!details.open || details.children.length > 1) return;
      const shown = this.options.series.map((each, i) => [each.label, i + 1]).filter(([label]) => label);
      const size = this.data[0].length, every = Math.max(1, Math.ceil(size / most));
      const rows = [];
      for (let i = 0; i < size; i += every) rows.push([place(this.data[0][i], this.axis.axis), ...shown.map(([, c]) => number(this.data[c][i], 6))]);
      details.append(table([{ title: this.axis.axis, number: true }, ...shown.map(([label]) => ({ title: label, number: true }))], rows, this.options.name));
      if (every > 1) details.append(h("p.sum", {}, `Every ${every}. of ${number(size)} rows; the download has all points.`));
    });
    return details;
  }

  destroy() {
    this.axis.charts.delete(this);
    this.resized.disconnect();
    this.u?.destroy();
  }
}

function line(ctx, x1, y1, x2, y2) {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

/** Series of a signal's overview: a band from least to largest, the raw course faint where it is smoothed, the line. */
export function overviewSeries(name, smoothing, ink = "--order") {
  return {
    series: [
      { label: "largest" }, { label: "least" },
      { label: smoothing ? name : "", stroke: smoothing ? faded(ink, 0.35) : "transparent", width: 1 },
      { label: smoothing ? `${name}, smoothed` : name, stroke: color(ink) }],
    bands: [{ series: [1, 2], fill: faded(ink, 0.18) }] };
}

export function overviewData(overview, smoothing) {
  return [overview.position, overview.max, overview.min, overview.last, smoothed(overview.last, smoothing)];
}

/** "1,240,000 points drawn as 800 columns, extremes kept". */
export function drawnAs(overview) {
  const bad = overview.nonfinite ? `; ${number(overview.nonfinite)} not finite` : "";
  return overview.exact ? `${number(overview.points)} points, all drawn${bad}`
    : `${number(overview.points)} points drawn as ${number(overview.position.length)} columns, extremes kept${bad}`;
}

/** A short line as it is drawn, for a legend. */
export function lineKey(ink, dash = []) {
  return svg("svg", { width: 28, height: 10, "aria-hidden": "true" }, svg("line", { x1: 0, x2: 28, y1: 5, y2: 5, stroke: `var(${ink})`, "stroke-width": 2, "stroke-dasharray": dash.join(" ") }));
}

export function kindLegend(kinds) {
  return h("ul.legend", { "aria-label": "Kinds of events" }, [...kinds].sort().map(kind =>
    h("li", {}, svg("svg", { width: 12, height: 14, viewBox: "0 0 12 14", "aria-hidden": "true" }, text(kKinds[kind] ?? kKinds.shift)), kind)));
}

function text(kind) {
  const node = svg("text", { x: 6, y: 11, "text-anchor": "middle", "font-size": 11, fill: `var(${kind.color})` });
  node.textContent = kind.mark;
  return node;
}

/** Redraws every chart of an axis in the colours of another scheme: dark, light, paper. */
export function followScheme(axis, rebuild, signal) {
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", rebuild, { signal });
  }
}
