'use strict';
// What the other parts of the page share: the horizontal axis, the stretch of it that is seen, and
// how numbers are written. The page reads whole without any of this.
const Page = (() => {
  const root = document.documentElement;
  const log = document.getElementById('axis-log');
  const reader = document.getElementById('reader');
  const axis = reader ? reader.dataset : {};
  const plots = Array.from(document.querySelectorAll('.timeline .plot'));
  const changed = [];
  const isLog = () => Boolean(log && log.checked);
  const low = (logarithmic) => Number(logarithmic ? axis.logLow : axis.low);
  const high = Number(axis.high);

  /** The position at a share of the whole axis, and the way back. */
  const position = (share, logarithmic = isLog()) => logarithmic ?
      low(true) * Math.pow(high / low(true), share) :
      low(false) + share * (high - low(false));
  const share = (at, logarithmic = isLog()) => {
    const value = logarithmic ?
        Math.log(Math.max(at, low(true)) / low(true)) / Math.log(high / low(true)) :
        (at - low(false)) / (high - low(false));
    return Math.min(1, Math.max(0, value));
  };

  const page = {root, reader, plots, axis, isLog, position, share, view: {from: 0, to: 1}};
  page.onChange = (listener) => changed.push(listener);
  page.tellChange = () => changed.forEach((listener) => listener());
  page.zoomed = () => page.view.to - page.view.from < 1;

  /** A button of the page's tools. */
  page.button = (words, label, action) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = words;
    button.title = label;
    button.setAttribute('aria-label', label);
    button.addEventListener('click', action);
    return button;
  };

  page.number = (value, digits = 3) => {
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e7)) {
      const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
      return `${Number(mantissa)}e${Number(exponent)}`.replace(/-/g, '−');
    }
    return value.toLocaleString('en', {maximumSignificantDigits: size >= 1000 ? 7 : digits})
        .replace('-', '−');
  };
  /** A value of a plot as its lane writes values. */
  page.valueText = (value, plot) => {
    if (!plot.dataset.percent) return page.number(value);
    const number = 100 * value;
    return `${number.toFixed(Math.abs(number) < 10 && number % 1 !== 0 ? 1 : 0)}\u00a0%`;
  };
  /** A position in the digits that tell places apart in a stretch of this width. */
  page.place = (at, width) => {
    if (axis.moments) {
      const text = new Date(1000 * at).toISOString().replace('T', ' ');
      return text.slice(0, width > 180 * 86400 ? 10 : width > 3600 ? 16 : 19);
    }
    const [unit, letter] =
        [[1e12, ' T'], [1e9, ' B'], [1e6, ' M'], [1, '']].find(([size]) => Math.abs(at) >= size) ||
        [1, ''];
    const digits = Math.max(0, Math.min(12, Math.ceil(-Math.log10(width / unit / 200))));
    return (at / unit).toLocaleString('en', {maximumFractionDigits: digits}).replace('-', '−') +
        letter;
  };

  /** About `count` round numbers between two. */
  page.ticks = (from, to, count) => {
    const raw = (to - from) / count, power = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9));
    const list = [];
    if (!(step > 0) || !isFinite(step)) return list;
    for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9 * step; ++i)
      list.push(i * step || 0);
    return list;
  };
  /** Ticks of the horizontal axis: of moments on round times. */
  page.placeTicks = (from, to, count) => {
    if (!axis.moments) return (isLog() ? page.logTicks : page.ticks)(from, to, count);
    const steps = [
      1, 5, 15, 60, 300, 900, 3600, 10800, 21600, 43200, 86400, 172800, 432000,
      864000, 2592000, 7862400, 31536000
    ];
    const step = steps.find((each) => (to - from) / each <= count) || 3.2e9;
    const list = [];
    for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) list.push(tick);
    return list;
  };
  page.logTicks = (from, to, count) => {
    const decades = Math.log10(to / from);
    if (decades < 0.7) return page.ticks(from, to, count);
    const list = [], stride = Math.max(1, Math.ceil(decades / count));
    for (let e = Math.floor(Math.log10(from)); e <= Math.log10(to); e += stride) {
      (decades > 2 ? [1] : [1, 2, 5]).forEach((factor) => {
        const tick = factor * Math.pow(10, e);
        if (tick >= from * (1 - 1e-9) && tick <= to * (1 + 1e-9)) list.push(tick);
      });
    }
    return list;
  };

  // Browsers without :has() need the class; the others follow the radio buttons by themselves.
  let before = isLog();
  document.querySelectorAll('input[name="axis"]')
      .forEach((input) => input.addEventListener('change', () => {
        root.classList.toggle('axis-log', isLog());
        if (page.zoomed() && before !== isLog()) {
          const {from, to} = page.view;
          page.view = {from: share(position(from, before)), to: share(position(to, before))};
          if (!(page.view.to - page.view.from > 1e-9)) page.view = {from: 0, to: 1};
        }
        before = isLog();
        page.tellChange();
      }));
  root.classList.toggle('axis-log', isLog());
  root.classList.add('script');
  return page;
})();

// Sortable tables: every heading that can sort becomes a button.
(() => {
  document.querySelectorAll('table.sortable th[data-sort]').forEach((head) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.textContent = '';
    head.append(button);
    button.addEventListener('click', () => sortBy(head));
  });

  function sortBy(head) {
    const index = head.cellIndex;
    const body = head.closest('table').tBodies[0];
    const ascending = head.getAttribute('aria-sort') !== 'ascending';
    const numeric = head.dataset.sort === 'n';
    const key = (row) => {
      const cell = row.cells[index];
      return numeric ? Number(cell.dataset.v) : cell.textContent;
    };
    const order = (a, b) => {
      const x = key(a), y = key(b);
      return numeric ? (x < y ? -1 : x > y ? 1 : 0) : x.localeCompare(y);
    };
    const rows = Array.from(body.rows).sort(order);
    if (!ascending) rows.reverse();
    body.append(...rows);
    head.parentElement.querySelectorAll('th').forEach(
        (other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
  }
})();
