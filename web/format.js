// Numbers and times as people read them.

const kWhole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** At most `digits` significant ones; whole numbers in full. */
export function number(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return kWhole.format(value).replace("-", "−");
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-4 ? value.toExponential(Math.max(0, digits - 2)) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

export function count(value, word) {
  return `${number(value)} ${word}${value === 1 ? "" : "s"}`;
}

export function place(value, axis = "step") {
  if (value === null || value === undefined) return "–";
  return axis === "seconds" && value > 1e9 ? time(value) : number(value, 8);
}

export function pValue(p) {
  if (p === null || p === undefined) return "–";
  return p < 1e-3 ? p.toExponential(0).replace("-", "−") : String(Number(p.toPrecision(2)));
}

export function percent(share) {
  return share === null || share === undefined ? "–" : `${Number((100 * share).toPrecision(3))} %`;
}

export function time(seconds) {
  if (!seconds) return "–";
  const date = new Date(seconds * 1000);
  const two = n => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** "12,300 [11,900, 12,700]" of an interval, rounded to what its width says is known. */
export function interval(value) {
  if (!value) return "–";
  const width = Math.abs((value.high ?? 0) - (value.low ?? 0));
  if (!(width > 0)) return number(value.estimate, 6);
  const step = 10 ** Math.floor(Math.log10(width / 5));
  const decimals = Math.max(0, Math.min(12, -Math.round(Math.log10(step))));
  const round = v => number(Number((Math.round(v / step) * step).toFixed(decimals)), 15);
  return `${round(value.estimate)} [${round(value.low)}, ${round(value.high)}]`;
}

/** Parts of a paragraph, each a sentence. */
export function sentences(...parts) {
  return parts.filter(Boolean).map(text => {
    const whole = text[0].toUpperCase() + text.slice(1);
    return /[.!?…]$/.test(whole) ? whole : whole + ".";
  }).join(" ");
}
