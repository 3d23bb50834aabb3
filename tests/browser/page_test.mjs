// The live page in a real browser, as people use it: pointer, keyboard, narrow window, a server that goes and comes.
// Needs Debian's chromium and the two packages that scripts/setup.sh puts into build/node-packages; exits with 77
// (skipped) where one of them is absent. No network: the server is ours, on this machine.
//   EMDYN=build/release/emdyn node tests/browser/page_test.mjs [PART OF A TEST'S NAME]
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../..");
const emdyn = process.env.EMDYN ?? path.join(root, "build/release/emdyn");
const packages = process.env.EMDYN_NODE_PACKAGES ?? path.join(root, "build/node-packages");
const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

function skip(why) {
  console.log(`SKIPPED: ${why}`);
  process.exit(77);
}
if (!chromium) skip("no chromium here (apt-get install chromium)");
const require = createRequire(path.join(packages, "package.json"));
let playwright, axe;
try {
  playwright = require("playwright-core").chromium;
  axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
} catch {
  skip(`playwright-core and axe-core are not in ${packages} (scripts/setup.sh puts them there)`);
}

const folder = mkdtempSync(path.join(os.tmpdir(), "emdyn-browser-"));
const store = path.join(folder, "store");

/** A log with a jump of the accuracy at 300 and a spike of the loss at 450. */
function log(name, rows = 600) {
  const file = path.join(folder, name);
  let text = "step,train_loss,test_accuracy,grad_norm\n";
  for (let i = 0; i < rows; ++i) {
    const noise = Math.sin(i * 12.9898) * 43758.5453 % 1;
    text += `${i},${(2 / (1 + i / 50) + 0.02 * noise + (i === 450 ? 9 : 0)).toFixed(5)},${(i < 300 ? 0.1 + 0.01 * noise : 0.92 + 0.01 * noise).toFixed(5)},${(1 + 0.1 * noise).toFixed(5)}\n`;
  }
  writeFileSync(file, text);
  return file;
}

let server;
async function start(...extra) {
  server = spawn(emdyn, ["serve", "--store", store, "--json", "--poll", "0.05", ...extra], { stdio: ["ignore", "pipe", "ignore"] });
  const line = await new Promise((resolve, reject) => {
    let text = "";
    server.stdout.on("data", some => { text += some; if (text.includes("\n")) resolve(text.split("\n")[0]); });
    server.on("exit", code => reject(new Error(`the server ended with ${code}`)));
  });
  return JSON.parse(line);
}
async function stop(how = "SIGTERM") {
  const ended = new Promise(resolve => server.once("exit", resolve));
  server.kill(how);
  await ended;
}

const tests = [];
const test = (name, work) => tests.push([name, work]);
let url, port, browser;

async function open(search = "", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", error => page.faults.push(String(error)));
  page.on("console", message => { if (message.type() === "error" && !/ERR_CONNECTION|Failed to load resource/.test(message.text())) page.faults.push(message.text()); });
  await page.goto(url + "/" + search);
  await page.waitForFunction(() => document.body.dataset.ready !== undefined);
  page.done = async () => {
    assert.deepEqual(page.faults, []);
    await context.close();
  };
  return page;
}
const text = (page, selector) => page.evaluate(s => document.querySelector(s)?.textContent ?? "", selector);
async function runId(page, name) {
  const answer = await page.evaluate(() => fetch("api/v1/runs?limit=1000").then(r => r.json()));
  return answer.runs.find(run => run.name.startsWith(name)).id;
}
/** Violations of the rules of axe, and charts without a name, which axe lets pass. */
async function accessible(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { resultTypes: ["violations"] });
    return result.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(" ")).slice(0, 4).join("; ")}`);
  });
  const nameless = await page.evaluate(() => [...document.querySelectorAll(".chart, svg[role=img]")].filter(c => !(c.getAttribute("aria-label") ?? "").trim()).length);
  assert.deepEqual(found, []);
  assert.equal(nameless, 0, "charts without a name");
}

test("the list shows, filters, sorts, and leads by keyboard to a run", async () => {
  const page = await open();
  await page.waitForFunction(() => document.querySelectorAll(".scroller .row").length === 3);
  await page.fill("input[type=search]", "BET");
  await page.waitForFunction(() => document.querySelectorAll(".scroller .row").length === 1);
  assert.match(page.url(), /q=BET/);
  await page.fill("input[type=search]", "no such run");
  await page.waitForFunction(() => document.querySelector(".scroller")?.textContent.includes("No run fits"));
  await page.fill("input[type=search]", "");
  await page.waitForFunction(() => document.querySelectorAll(".scroller .row").length === 3);
  await page.waitForFunction(() => document.querySelectorAll(".spark path").length === 3);
  await page.click(".row.head button:text('Run')");
  await page.waitForFunction(() => document.querySelector(".scroller .row .name")?.textContent.startsWith("alpha"));
  await page.focus(".scroller .row[tabindex='0']");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.body.dataset.ready === "runPage");
  assert.match(await text(page, "h1"), /beta/);
  await page.goBack();
  await page.waitForFunction(() => document.body.dataset.ready === "listPage");
  await page.done();
});

test("a run tells its transition in words, curve, lanes and events", async () => {
  const page = await open();
  const id = await runId(page, "alpha");
  await page.goto(`${url}/?run=${id}`);
  await page.waitForFunction(() => document.querySelector(".headline")?.textContent.includes("jumped"));
  assert.match(await text(page, ".headline"), /accuracy jumped .* step 30\d|accuracy jumped .* step 29\d/i);
  await page.evaluate(() => document.querySelector(".lane[data-signal=grad_norm]").scrollIntoView());
  await page.waitForFunction(() => document.querySelectorAll(".lane[data-signal] canvas").length === 3);
  const labels = await page.evaluate(() => [...document.querySelectorAll(".chart")].map(c => c.getAttribute("aria-label")));
  assert.ok(labels.some(l => l.includes("grad_norm")), labels.join());
  await page.waitForFunction(() => [...document.querySelectorAll("td.n button")].some(b => b.textContent === "450"));
  const inked = await page.evaluate(() => {
    const canvas = document.querySelector(".panel canvas");
    return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((v, i) => i % 4 === 3 && v > 0);
  });
  assert.ok(inked, "the chart is drawn");
  await page.done();
});

test("events lead to their place, judgements are kept, the address holds the view", async () => {
  const page = await open();
  const id = await runId(page, "alpha");
  await page.goto(`${url}/?run=${id}`);
  await page.waitForFunction(() => [...document.querySelectorAll("td.n button")].some(b => b.textContent === "450"));
  await page.evaluate(() => [...document.querySelectorAll("td.n button")].find(b => b.textContent === "450").click());
  await page.waitForFunction(() => location.search.includes("from="));
  const from = Number(new URL(page.url()).searchParams.get("from"));
  assert.ok(from > 300 && from < 450, `from ${from}`);
  await page.evaluate(() => document.querySelector("td.act button[title=Accept]").click());
  await page.waitForFunction(() => document.querySelector("td.act button[title=Accept]")?.getAttribute("aria-pressed") === "true");
  await page.reload();
  await page.waitForFunction(() => document.querySelector("td.act button[title=Accept]")?.getAttribute("aria-pressed") === "true");
  assert.equal(Number(new URL(page.url()).searchParams.get("from")), from);
  const labels = await page.evaluate(run => fetch(`api/v1/runs/${run}/labels`).then(r => r.json()), id);
  assert.equal(labels.labels.length, 1);
  await page.done();
});

test("charts zoom by drag and keys, and read their values out", async () => {
  const page = await open();
  await page.goto(`${url}/?run=${await runId(page, "alpha")}`);
  await page.waitForFunction(() => document.querySelector(".headline")?.textContent.includes("jumped") && document.querySelector(".panel .u-over"));
  const box = await (await page.$(".panel .u-over")).boundingBox();
  await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => location.search.includes("from="));
  const [from, to] = ["from", "to"].map(k => Number(new URL(page.url()).searchParams.get(k)));
  assert.ok(Math.abs(from - 150) < 30 && Math.abs(to - 300) < 30, `${from} to ${to}`);
  await page.focus(".panel .chart");
  await page.keyboard.press("0");
  await page.waitForFunction(() => !location.search.includes("from="));
  await page.keyboard.press("+");
  await page.waitForFunction(() => location.search.includes("from="));
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => /step [\d,.]+: /.test(document.getElementById("said").textContent));
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !location.search.includes("from="));
  await page.click("button:text('Log axis')");
  await page.waitForFunction(() => location.search.includes("x=log"));
  await page.done();
});

test("points and alarms appear while a run goes on, and the server may go and come", async () => {
  const page = await open();
  const id = await runId(page, "live");
  await page.goto(`${url}/?run=${id}`);
  await page.waitForFunction(() => document.querySelector(".live.on"));
  appendFileSync(path.join(folder, "live.csv"), "600,0.1,0.9,nan\n");
  await page.waitForFunction(() => [...document.querySelectorAll("td.n button")].some(b => b.textContent === "600"));
  await stop("SIGKILL");
  await page.waitForFunction(() => document.querySelector(".live.off"));
  appendFileSync(path.join(folder, "live.csv"), Array.from({ length: 60 }, (_, i) => `${601 + i},0.1,0.9,1\n`).join("") + "661,0.1,0.9,nan\n");
  await start("--port", port, "--watch", path.join(folder, "live.csv"));
  await page.waitForFunction(() => document.querySelector(".live.on"), undefined, { timeout: 60000 });
  await page.waitForFunction(() => [...document.querySelectorAll("td.n button")].some(b => b.textContent === "661"));
  await page.done();
});

test("several runs lie over each other", async () => {
  const page = await open();
  await page.waitForFunction(() => document.querySelectorAll(".scroller .row").length === 3);
  await page.focus(".scroller .row[tabindex='0']");
  await page.keyboard.press(" ");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press(" ");
  await page.click("text=Lay 2 runs over each other");
  await page.waitForFunction(() => document.body.dataset.ready === "overlayPage");
  assert.match(await text(page, "h1"), /2 runs/);
  await page.waitForFunction(() => /end between/.test(document.querySelector("main .sum")?.textContent ?? ""));
  await page.waitForFunction(() => /None: no place|place/.test(document.querySelector("main").textContent));
  await accessible(page);
  await page.done();
});

test("a long list scrolls to its end and asks only for what is seen", async () => {
  const page = await open();
  await page.route("**/api/v1/runs?*", async route => {  // The three runs, as if there were 10,000.
    const search = new URL(route.request().url()).searchParams;
    const answer = await (await route.fetch()).json();
    const offset = Number(search.get("offset")), limit = Number(search.get("limit"));
    answer.total = answer.matching = 10000;
    answer.runs = Array.from({ length: Math.min(limit, 10000 - offset) }, (_, i) => ({ ...answer.runs[0], ...(answer.runs.length ? {} : { id: "0000000000000000", status: "finished", tags: [] }), name: `row ${offset + i}` }));
    await route.fulfill({ json: answer });
  });
  await page.reload();
  await page.waitForFunction(() => document.querySelector(".scroller .row .name")?.textContent === "row 0");
  for (const top of [90000, 200000, 10 ** 7]) await page.evaluate(to => { document.querySelector(".scroller").scrollTop = to; }, top);
  await page.waitForFunction(() => [...document.querySelectorAll(".scroller .row .name")].at(-1)?.textContent === "row 9999");
  const rows = await page.evaluate(() => document.querySelectorAll(".scroller .row").length);
  assert.ok(rows < 60, `${rows} rows are in the page`);
  await page.done();
});

test("hostile names are text, and nothing of them runs", async () => {
  const page = await open();
  await page.evaluate(async () => {
    const runs = (await (await fetch("api/v1/runs")).json()).runs;
    const id = runs.find(r => r.name.startsWith("beta")).id;
    await fetch(`api/v1/runs/${id}/tags`, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ tags: ["<img src=x onerror=window.bad=1>"] }) });
  });
  await page.waitForFunction(() => [...document.querySelectorAll(".tag")].some(t => t.textContent.startsWith("<img")));
  assert.equal(await page.evaluate(() => window.bad), undefined);
  await page.done();
});

for (const scheme of ["light", "dark"]) {
  test(`accessible in ${scheme}, wide and at 400 pixels`, async () => {
    for (const width of [1200, 400]) {
      const page = await open("", { colorScheme: scheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
      await page.waitForFunction(() => document.querySelectorAll(".spark path").length === 3);
      await accessible(page);
      await page.goto(`${url}/?run=${await runId(page, "alpha")}`);
      await page.waitForFunction(() => document.querySelector(".headline")?.textContent.includes("jumped"));
      await page.waitForFunction(() => document.querySelector(".bars, table"));
      await accessible(page);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(beyond <= 0, `the page is ${beyond} pixels too wide at ${width}`);
      await page.done();
    }
  });
}

test("a run that is not there says so", async () => {
  const page = await open("?run=0000000000000000");
  assert.match(await text(page, "[role=alert]"), /Not here/);
  await page.done();
});

async function main() {
  const files = [log("alpha.csv"), log("beta.csv")];
  execFileSync(emdyn, ["import", ...files, "--store", store], { stdio: "ignore" });
  const told = await start("--port", "0", "--watch", log("live.csv"));
  url = told.url;
  port = url.split(":").at(-1);
  browser = await playwright.launch({ executablePath: chromium, args: ["--no-sandbox"] });
  for (let i = 0; i < 200; ++i) {  // Until what is watched is read.
    const { runs } = await (await fetch(`${url}/api/v1/runs`)).json();
    if (runs.length === 3 && runs.every(run => run.points >= 1800)) break;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  let failed = 0;
  for (const [name, work] of tests) {
    if (process.argv[2] && !name.includes(process.argv[2])) continue;
    const began = Date.now();
    try {
      await work();
      console.log(`ok    ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}\n${error.stack}`);
    }
  }
  return failed;
}

let failed = 1;
try {
  failed = await main();
} finally {
  await browser?.close();
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
