// Elements without HTML strings: names and texts of runs are anybody's, so they only ever become text.

/** h("p.sum", {title: "…"}, "text", node, …): a tag with classes, properties or attributes, children. */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && !key.includes("-") && key !== "list") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

export function append(parent, children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child);
  }
  return parent;
}

const kSvg = "http://www.w3.org/2000/svg";
export function svg(tag, props, ...children) {
  const element = document.createElementNS(kSvg, tag);
  for (const [key, value] of Object.entries(props ?? {})) element.setAttribute(key, value);
  element.append(...children.filter(Boolean));
  return element;
}

/** Says something to a screen reader. */
export function say(text) {
  const place = document.getElementById("said");
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text; });
}

export function debounce(milliseconds, work) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
}

/** A table of rows of cells; columns are {title, number}. */
export function table(columns, rows, caption) {
  return h("div.wide", { tabIndex: 0, role: "region", "aria-label": caption },
    h("table", {},
      h("caption.hidden", {}, caption),
      h("thead", {}, h("tr", {}, columns.map(c => h(c.number ? "th.n" : "th", { scope: "col" }, c.title)))),
      h("tbody", {}, rows.map(cells => h("tr", {}, cells.map((cell, i) => h(columns[i].number ? "td.n" : "td", {}, cell)))))));
}
