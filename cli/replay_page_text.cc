#include "cli/replay_page_text.h"

namespace tidewright::cli {

const char kReplayPageHead[] = R"page(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidewright replay</title>
<style>
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1a2230; --soft: #5d6778; --line: #dfe3ea;
  --demand: #2b3648; --band: #9cc3f2; --median: #3d83d9; --bad: #d5393f; --good: #18864b;
  --c0: #0f8f6a; --c1: #d9822b; --c2: #8257c9; --c3: #b0487a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161d; --card: #1a2029; --ink: #e6eaf1; --soft: #97a2b4; --line: #2c3542;
    --demand: #d7deea; --band: #2c4a70; --median: #6ea8f0; --bad: #ff6b6e; --good: #4cc38a;
    --c0: #3ecf9f; --c1: #f0a04b; --c2: #b08cf0; --c3: #e886b4;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 17px; margin: 0 0 12px; }
p { margin: 0 0 8px; }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; margin-top: 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px;
  margin-top: 18px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 16px; }
.tile b { display: block; font-size: 24px; font-weight: 600; letter-spacing: -0.01em; }
.tile span { color: var(--soft); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: right; font-weight: 500; color: var(--soft); font-size: 13px; padding: 4px 10px;
  border-bottom: 1px solid var(--line); }
td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr:last-child td { border-bottom: 0; }
tr.ours td { font-weight: 600; }
tr.bound td { color: var(--soft); }
td .bar { display: inline-block; height: 8px; border-radius: 4px; margin-right: 8px;
  background: var(--median); opacity: 0.55; vertical-align: middle; }
.scroll { overflow-x: auto; }
.row { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: center; margin-bottom: 10px; }
select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; padding: 4px 8px; max-width: 100%; }
label { display: inline-flex; gap: 6px; align-items: center; cursor: pointer; font-size: 14px; }
.key { width: 18px; height: 3px; border-radius: 2px; display: inline-block; }
.key.area { height: 11px; border-radius: 3px; }
.chart { position: relative; }
canvas { display: block; width: 100%; }
.tip { position: absolute; pointer-events: none; background: var(--card); color: var(--ink);
  border: 1px solid var(--line); border-radius: 8px; padding: 8px 10px; font-size: 13px;
  box-shadow: 0 4px 16px rgba(0,0,0,.14); display: none; white-space: nowrap; z-index: 2;
  font-variant-numeric: tabular-nums; }
.hint { font-size: 13px; color: var(--soft); margin-top: 6px; }
</style>
<main>
<h1 id="title">Replay</h1>
<p class="soft" id="subtitle"></p>
<noscript><p class="card">The pictures on this page are drawn by a script in it.</p></noscript>
<div class="tiles" id="tiles"></div>
<div id="tables"></div>
<div class="card" id="frontierCard"><h2>Cost against violations</h2>
<div class="chart"><canvas id="frontier" height="300"></canvas><div class="tip" id="frontierTip"></div></div>
<p class="hint">Lower and further left is better.</p></div>
<div class="card"><h2>Demand and capacity</h2>
<div class="row"><select id="trace" aria-label="Trace"></select><span class="soft" id="about"></span></div>
<div class="row" id="legend"></div>
<div class="chart"><canvas id="load" height="340"></canvas><div class="tip" id="tip"></div></div>
<div class="chart"><canvas id="nodes" height="130"></canvas></div>
<p class="hint">Drag to look closer, double-click to see all again. Red marks: demand above the
first policy's capacity. Ticks below: its moves.</p></div>
<div class="card" id="oneCard"><h2>This trace</h2><div class="scroll"><table id="one"></table></div></div>
</main>
<script type="application/json" id="data">)page";

const char kReplayPageTail[] = R"page(</script>
<script>
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const make = (tag, text, cls) => { const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text; if (cls) e.className = cls; return e; };
const fixed = (v, n) => v === null || v === undefined ? "–" : v.toLocaleString("en-US",
  {minimumFractionDigits: n, maximumFractionDigits: n});
const percent = (v, n) => v === null ? "–" : fixed(100 * v, n) + " %";
const short = v => { const a = Math.abs(v);
  for (const [d, s] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) if (a >= d)
    return +(v / d).toPrecision(3) + s; return String(+v.toPrecision(3)); };
const when = s => new Date(s * 1000).toISOString().slice(0, 16).replace("T", " ");

$("title").textContent = data.title;
$("subtitle").textContent = data.subtitle;

// ---- tables
function table(into, lines, single) {
  const known = lines.some(l => l.ratio !== null);
  const heads = ["Policy"].concat(known ? ["J / optimum", "Hours"] : [],
    ["Violating", "Unserved", "Episodes", "Moves", "Node-hours", data.currency]);
  const head = into.appendChild(make("tr"));
  for (const h of heads) head.appendChild(make("th", h));
  const most = Math.max(...lines.map(l => l.hours));
  for (const l of lines) {
    const tr = into.appendChild(make("tr", undefined, l.bound ? "bound" : l.ours ? "ours" : ""));
    tr.appendChild(make("td", l.name));
    if (known) { tr.appendChild(make("td", fixed(l.ratio, 3)));
      tr.appendChild(make("td", fixed(l.hoursRatio, 3))); }
    const bad = make("td", percent(l.violating, 2));
    if (l.violating > 0.02 && !l.bound) bad.style.color = css("--bad");
    tr.appendChild(bad);
    tr.appendChild(make("td", percent(l.unserved, 3)));
    tr.appendChild(make("td", fixed(l.episodes, 0)));
    tr.appendChild(make("td", fixed(l.moves, 0)));
    const hours = tr.appendChild(make("td"));
    const bar = hours.appendChild(make("span", undefined, "bar"));
    bar.style.width = Math.round(90 * l.hours / most) + "px";
    hours.appendChild(document.createTextNode(fixed(l.hours, 0)));
    tr.appendChild(make("td", fixed(l.hours * data.price, 2)));
  }
}
for (const c of data.pooled) {
  const card = $("tables").appendChild(make("div", undefined, "card"));
  card.appendChild(make("h2", c.title));
  const box = card.appendChild(make("div", undefined, "scroll"));
  table(box.appendChild(make("table")), c.lines);
}

// ---- tiles: the first policy beside the others
(function () {
  const lines = data.pooled[data.pooled.length - 1].lines;
  const first = lines.find(l => l.ours) || lines[0];
  if (!first) return;
  const add = (big, small) => { const t = $("tiles").appendChild(make("div", undefined, "tile"));
    t.appendChild(make("b", big)); t.appendChild(make("span", small)); };
  add(percent(first.violating, 2), first.name + ": time with demand above capacity");
  add(fixed(first.episodes, 0), "episodes");
  add(short(first.hours), "node-hours, " + fixed(first.hours * data.price, 2) + " " + data.currency);
  if (first.ratio !== null) add(fixed(first.ratio, 3), "J over the optimum that knows the future");
  const peak = lines.find(l => l.name === "static-peak");
  if (peak && peak !== first) add(percent(1 - first.hours / peak.hours, 0),
    "fewer node-hours than static peak");
  const reactive = lines.find(l => l.name === "reactive");
  if (reactive && reactive !== first && first.episodes < reactive.episodes)
    add(percent(1 - first.episodes / reactive.episodes, 0), "fewer episodes than tuned reactive");
})();

// ---- canvas
function open(canvas) {
  const ratio = window.devicePixelRatio || 1, w = canvas.clientWidth;
  const h = +canvas.getAttribute("data-height") || canvas.height;
  canvas.setAttribute("data-height", h);
  canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio);
  canvas.style.height = h + "px";
  const g = canvas.getContext("2d"); g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.font = "12px system-ui, 'DejaVu Sans', sans-serif"; g.clearRect(0, 0, w, h);
  return {g, w, h};
}
function steps(most, n) { const raw = most / n, p = Math.pow(10, Math.floor(Math.log10(raw)));
  const s = [1, 2, 2.5, 5, 10].map(m => m * p).find(x => x >= raw) || 10 * p;
  const out = []; for (let v = 0; v <= most * 1.0001; v += s) out.push(v); return out; }
const colour = i => css("--c" + (i % 4));

// ---- frontier
(function () {
  const lines = data.pooled[data.pooled.length - 1].lines;
  if (lines.length < 2) { $("frontierCard").remove(); return; }
  let points = [];
  const relative = data.traces.length > 1 && lines.every(l => l.hoursRatio !== null);
  const cost = l => relative ? l.hoursRatio : l.hours;
  function draw() {
    const {g, w, h} = open($("frontier"));
    const L = 64, R = 130, T = 14, B = 36, x1 = 1.08 * Math.max(...lines.map(cost));
    const y1 = 1.1 * Math.max(0.0005, ...lines.map(l => l.violating));
    const root = v => Math.sqrt(v / y1);
    const X = v => L + (w - L - R) * v / x1, Y = v => h - B - 10 - (h - T - B - 10) * root(v);
    g.strokeStyle = css("--line"); g.fillStyle = css("--soft"); g.lineWidth = 1;
    g.textAlign = "right"; g.textBaseline = "middle";
    let below = Infinity;
    for (const v of [0, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]) {
      if (v > y1 || below - Y(v) < 16) continue;
      below = Y(v);
      g.beginPath(); g.moveTo(L, Y(v)); g.lineTo(w - R, Y(v)); g.stroke();
      g.fillText(+(100 * v).toPrecision(3) + " %", L - 8, Y(v));
    }
    g.textAlign = "center"; g.textBaseline = "top";
    for (const v of steps(x1, 6)) g.fillText(short(v), X(v), h - B + 6);
    g.fillText(relative ? "node-hours over those of the optimum without violations" :
      "node-hours", (L + w - R) / 2, h - 14);
    g.save(); g.translate(12, (h - B + T) / 2); g.rotate(-Math.PI / 2);
    g.fillText("violating time", 0, -6); g.restore();
    points = []; const labels = [];
    const order = lines.slice().sort((a, b) => (b.ours ? 1 : 0) - (a.ours ? 1 : 0));
    for (const l of order) {
      const x = X(cost(l)), y = Y(l.violating);
      g.beginPath(); g.arc(x, y, l.ours ? 6 : 4.5, 0, 7);
      g.fillStyle = l.bound ? css("--soft") : l.ours ? css("--c0") : css("--c1"); g.fill();
      points.push({x, y, l});
      g.font = (l.ours ? "600 " : "") + "12px system-ui, 'DejaVu Sans', sans-serif";
      const width = g.measureText(l.name).width;
      for (const [side, dy] of [[1, 0], [-1, 0], [1, -13], [-1, -13], [1, 13], [-1, 13]]) {
        const left = side > 0 ? x + 9 : x - 9 - width;
        const box = [left, y + dy - 7, left + width, y + dy + 7];
        if (order.some(o => Math.abs(Y(o.violating) - y - dy) < 8 && X(cost(o)) > left - 6 &&
            X(cost(o)) < left + width + 6)) continue;
        if (labels.some(o => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3]))
          continue;
        labels.push(box); g.textAlign = "left"; g.textBaseline = "middle";
        g.fillStyle = css("--ink"); g.fillText(l.name, left, y + dy); break;
      }
    }
  }
  draw(); addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  $("frontier").addEventListener("mousemove", e => {
    const near = points.map(p => [Math.hypot(p.x - e.offsetX, p.y - e.offsetY), p])
      .sort((a, b) => a[0] - b[0])[0];
    const tip = $("frontierTip");
    if (!near || near[0] > 16) { tip.style.display = "none"; return; }
    const l = near[1].l;
    tip.textContent = l.name + ": " + fixed(l.hours, 0) + " node-hours, " +
      percent(l.violating, 3) + " violating, " + l.episodes + " episodes";
    tip.style.display = "block";
    tip.style.left = Math.min(near[1].x + 12, $("frontier").clientWidth - 320) + "px";
    tip.style.top = near[1].y + 10 + "px";
  });
})();

// ---- one trace
let trace, from = 0, to = 1, shown = [], dragFrom = null, dragTo = null, hover = null;
data.traces.forEach((t, i) => { const o = make("option", t.name + " (" + t.kind + ")");
  o.value = i; $("trace").appendChild(o); });
$("trace").addEventListener("change", () => choose(+$("trace").value));
function choose(i) {
  trace = data.traces[i]; from = 0; to = trace.demand.length;
  $("about").textContent = trace.about;
  shown = trace.courses.map((_, k) => k < 2);
  const legend = $("legend"); legend.textContent = "";
  const key = (text, colour, area) => { const e = make("span"); e.style.display = "inline-flex";
    e.style.gap = "6px"; e.style.alignItems = "center"; e.style.fontSize = "14px";
    const k = e.appendChild(make("span", undefined, area ? "key area" : "key"));
    k.style.background = colour; e.appendChild(make("span", text)); legend.appendChild(e); };
  key("demand", "var(--demand)");
  if (trace.high) key("forecast an hour ahead, p50 to p95", "var(--band)", true);
  trace.courses.forEach((c, k) => {
    const l = make("label"), box = make("input"); box.type = "checkbox"; box.checked = shown[k];
    box.addEventListener("change", () => { shown[k] = box.checked; draw(); });
    l.appendChild(box); const s = l.appendChild(make("span", undefined, "key"));
    s.style.background = "var(--c" + (k % 4) + ")";
    l.appendChild(make("span", "capacity: " + c.name)); legend.appendChild(l);
  });
  $("one").textContent = ""; table($("one"), trace.lines); draw();
}
const L = 64, R = 16;
function axis(g, w, y0) {
  const seconds = (to - from) * trace.bucket, per = seconds / Math.max(2, Math.floor(w / 130));
  const unit = [900, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 1209600]
    .find(u => u >= per) || 2419200;
  const start = trace.start + from * trace.bucket;
  g.fillStyle = css("--soft"); g.textAlign = "center"; g.textBaseline = "top";
  for (let t = Math.ceil(start / unit) * unit; t < start + seconds; t += unit) {
    const x = L + (w - L - R) * (t - start) / seconds;
    if (x < L + 30 || x > w - R - 30) continue;
    g.fillText(unit < 86400 ? when(t).slice(5) : when(t).slice(0, 10), x, y0);
    g.beginPath(); g.moveTo(x, 8); g.lineTo(x, y0 - 4); g.strokeStyle = css("--line");
    g.stroke();
  }
}
function line(g, values, X, Y, stepped) {
  g.beginPath(); let down = false;
  for (let i = Math.max(0, from - 1); i < Math.min(values.length, to + 1); ++i) {
    const v = values[i];
    if (v === null) { down = false; continue; }
    if (!down) g.moveTo(X(i), Y(v)); else g.lineTo(X(i), Y(v));
    if (stepped) g.lineTo(X(i + 1), Y(v));
    down = true;
  }
  g.stroke();
}
function draw() { drawLoad(); drawNodes(); }
function clip(g, w, T, h) { g.save(); g.beginPath(); g.rect(L, T, w - L - R, h); g.clip(); }
function drawLoad() {
  const {g, w, h} = open($("load")), T = 10, B = 28;
  const slice = a => a ? a.slice(from, to).filter(v => v !== null) : [];
  let most = 0;
  for (const a of [trace.demand, trace.high].concat(trace.courses.filter((_, k) => shown[k])
    .map(c => c.capacity))) for (const v of slice(a)) most = Math.max(most, v);
  most = 1.06 * (most || 1);
  const X = i => L + (w - L - R) * (i - from) / (to - from), Y = v => h - B - (h - T - B) * v / most;
  axis(g, w, h - B + 8);
  g.textAlign = "right"; g.textBaseline = "middle";
  for (const v of steps(most, 5)) { g.strokeStyle = css("--line"); g.beginPath();
    g.moveTo(L, Y(v)); g.lineTo(w - R, Y(v)); g.stroke(); g.fillStyle = css("--soft");
    g.fillText(short(v), L - 8, Y(v)); }
  clip(g, w, T, h - T - B + 1);
  if (trace.high) {
    g.fillStyle = css("--band"); g.globalAlpha = 0.75;
    for (let i = from; i < to; ++i) {
      if (trace.high[i] === null) continue;
      const a = Y(trace.high[i]), b = Y(trace.median[i]);
      g.fillRect(X(i), a, X(i + 1) - X(i) + 0.6, Math.max(1, b - a));
    }
    g.globalAlpha = 1;
  }
  g.lineWidth = 1.4; g.strokeStyle = css("--demand"); line(g, trace.demand, X, Y, false);
  trace.courses.forEach((c, k) => { if (!shown[k]) return;
    g.lineWidth = k === 0 ? 2.2 : 1.5; g.strokeStyle = colour(k);
    line(g, c.capacity, X, Y, true); });
  const first = trace.courses[0];
  if (first) { g.fillStyle = css("--bad");
    for (let i = from; i < to; ++i) if (first.short[i]) {
      g.fillRect(X(i), T, Math.max(2, X(i + 1) - X(i)), 7); } }
  if (dragFrom !== null && dragTo !== null) { g.fillStyle = css("--median"); g.globalAlpha = 0.18;
    g.fillRect(Math.min(dragFrom, dragTo), T, Math.abs(dragTo - dragFrom), h); g.globalAlpha = 1; }
  if (hover !== null) { g.strokeStyle = css("--soft"); g.lineWidth = 1; g.beginPath();
    g.moveTo(X(hover + 0.5), T); g.lineTo(X(hover + 0.5), h); g.stroke(); }
  g.restore();
}
function drawNodes() {
  const {g, w, h} = open($("nodes")), T = 18, B = 14;
  let most = 1; trace.courses.forEach((c, k) => { if (shown[k])
    for (let i = from; i < to; ++i) most = Math.max(most, c.billed[i]); });
  const X = i => L + (w - L - R) * (i - from) / (to - from);
  const Y = v => h - B - (h - T - B) * v / (1.1 * most);
  g.fillStyle = css("--soft"); g.textAlign = "left"; g.textBaseline = "top";
  g.fillText("nodes billed", L, 0); g.textAlign = "right"; g.textBaseline = "middle";
  for (const v of steps(1.1 * most, 3)) { g.strokeStyle = css("--line"); g.lineWidth = 1;
    g.beginPath(); g.moveTo(L, Y(v)); g.lineTo(w - R, Y(v)); g.stroke();
    g.fillText(short(v), L - 8, Y(v)); }
  clip(g, w, 0, h);
  trace.courses.forEach((c, k) => { if (!shown[k]) return; g.lineWidth = k === 0 ? 2 : 1.3;
    g.strokeStyle = colour(k); line(g, c.billed, X, Y, true); });
  const first = trace.courses[0];
  if (first && shown[0]) { g.fillStyle = colour(0);
    for (const m of first.moves) if (m[0] >= from && m[0] <= to)
      g.fillRect(X(m[0]) - 0.75, h - 8, 1.5, 8); }
  g.restore();
}
const bucketAt = x => Math.floor(from + (to - from) * (x - L) /
  ($("load").clientWidth - L - R));
for (const c of [$("load"), $("nodes")]) {
  c.addEventListener("mousedown", e => { dragFrom = e.offsetX; dragTo = null; });
  c.addEventListener("dblclick", () => { from = 0; to = trace.demand.length; draw(); });
  c.addEventListener("mouseleave", () => { hover = null; $("tip").style.display = "none"; draw(); });
  c.addEventListener("mousemove", e => {
    if (dragFrom !== null) dragTo = e.offsetX;
    const i = bucketAt(e.offsetX), tip = $("tip");
    if (i < from || i >= to) { hover = null; tip.style.display = "none"; draw(); return; }
    hover = i; tip.textContent = "";
    const add = t => { tip.appendChild(make("div", t)); };
    add(when(trace.start + i * trace.bucket)); add("demand " + short(trace.demand[i]));
    if (trace.high && trace.high[i] !== null)
      add("forecast " + short(trace.median[i]) + " to " + short(trace.high[i]));
    trace.courses.forEach((k, n) => { if (shown[n]) add(k.name + ": " + short(k.capacity[i]) +
      " (" + k.billed[i] + " nodes)" + (k.short[i] ? ", too little" : "")); });
    tip.style.display = "block";
    const room = $("load").clientWidth - tip.offsetWidth - 14;
    tip.style.left = Math.max(0, Math.min(e.offsetX + 14, room)) + "px"; tip.style.top = "16px";
    draw();
  });
}
addEventListener("mouseup", () => {
  if (dragFrom !== null && dragTo !== null && Math.abs(dragTo - dragFrom) > 6) {
    const a = bucketAt(Math.min(dragFrom, dragTo)), b = bucketAt(Math.max(dragFrom, dragTo)) + 1;
    if (b - a >= 4) { from = Math.max(0, a); to = Math.min(trace.demand.length, b); }
  }
  if (dragFrom !== null) { dragFrom = dragTo = null; draw(); }
});
addEventListener("resize", () => trace && draw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => trace && draw());
if (data.traces.length < 2) $("oneCard").style.display = "none";
if (data.traces.length) choose(0);
</script>
</html>
)page";

}  // namespace tidewright::cli
