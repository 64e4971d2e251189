"use strict";
/*
 * The report's page. `data.runs` has a finding each; timeline.c says what the columns of `ev` are.
 *
 *   P1  The axis is the event's number: virtual time stands still between most steps.
 *   P2  A step's IRQL and regions are those before it, so what lies between two events of a thread has the
 *       state of the second one.
 *   P3  Nothing is drawn that is not in view, and nothing is laid out twice: what a frame costs depends on its width.
 */
(() => {
const started = performance.now();
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const IRQL = ["PASSIVE_LEVEL", "APC_LEVEL", "DISPATCH_LEVEL"];
const MAJOR = ["CREATE", "CREATE_NAMED_PIPE", "CLOSE", "READ", "WRITE", "QUERY_INFORMATION", "SET_INFORMATION", "QUERY_EA", "SET_EA",
  "FLUSH_BUFFERS", "QUERY_VOLUME_INFORMATION", "SET_VOLUME_INFORMATION", "DIRECTORY_CONTROL", "FILE_SYSTEM_CONTROL", "DEVICE_CONTROL",
  "INTERNAL_DEVICE_CONTROL", "SHUTDOWN", "LOCK_CONTROL", "CLEANUP", "CREATE_MAILSLOT", "QUERY_SECURITY", "SET_SECURITY", "POWER",
  "SYSTEM_CONTROL", "DEVICE_CHANGE", "QUERY_QUOTA", "SET_QUOTA", "PNP"];
/* By IRQL and by which APCs can come. */
const STATES = [
  ["#86c28b", "IRQL 0, every APC can come"], ["#5b9bd5", "IRQL 0, in a critical region: no normal APCs"],
  ["#7e6bc4", "IRQL 0, in a guarded region: no APCs"], ["#b07cc6", "IRQL 1 (APC_LEVEL)"],
  ["#e79a3c", "IRQL 2 (DISPATCH_LEVEL)"], ["#d6453d", "above DISPATCH_LEVEL"]];
const WAITING = "#c3cad1", REGION = ["#5b9bd5", "#7e6bc4"], LOCK = "#c98a1b";
const MARKS = { apc: ["\u25b2", "#7e3fb0", "APC"], dpc: ["\u25c6", "#c2600c", "DPC or timer"], inject: ["\u2605", "#c2185b", "suspend, resume, cancel, unload: by somebody or by the environment"],
  call: ["\u25be", "#1769aa", "call of a driver"], done: ["\u25b4", "#1769aa", "return, completion"], bad: ["\u2716", "#d50000", "exception, bug check"] };
let run, ev, count, kinds, lanes, selected = -1, matches = [], matchAt = -1, view = { from: 0, to: 1, top: 0 }, dirty = false, colours;

const text = (tag, content, klass) => {
  const element = document.createElement(tag);
  element.textContent = content;
  if (klass) element.className = klass;
  return element;
};

/* ---- one finding ---- */

function prepare(r) {
  if (r.ready) return;
  r.ready = true;
  const columns = r.ev;
  r.count = columns.k.length;
  for (const name of ["k", "a", "c", "q", "x", "o", "s", "v", "f"]) columns[name] = Int32Array.from(columns[name]);
  columns.d = Float64Array.from(columns.d);
  columns.t = Float64Array.from(columns.t);
  for (let i = 1; i < r.count; i++) columns.t[i] += columns.t[i - 1];
  const of = {};
  for (const number in r.kinds) of[r.kinds[number]] = +number;
  r.of = of;
  r.mark = new Map([
    [of.deliver_apc, "apc"], [of.apc_run, "apc"], [of.queue_apc, "apc"], [of.dpc_run, "dpc"], [of.run_dpc, "dpc"], [of.queue_dpc, "dpc"],
    [of.fire_timer, "dpc"], [of.suspend, "inject"], [of.resume, "inject"], [of.suspended, "inject"], [of.resumed, "inject"], [of.irp_cancel, "inject"], [of.driver_unload, "inject"],
    [of.driver_call, "call"], [of.driver_return, "done"], [of.irp_complete, "done"], [of.exception, "bad"], [of.bugcheck, "bad"]]);
  layOut(r);
}

/* The state of a thread between two of its events: P2. */
function stateOf(columns, i) {
  const irql = columns.q[i], regions = columns.x[i];
  return irql > 2 ? 5 : irql === 2 ? 4 : irql === 1 ? 3 : regions >> 4 ? 2 : regions & 15 ? 1 : 0;
}

function layOut(r) {
  const e = r.ev, of = r.of, agents = r.agents.map(() => ({ events: [] })), cpus = new Map();
  const STEP = 0x100;
  for (let i = 0; i < r.count; i++) {
    const agent = agents[e.a[i]];
    /* An event says nothing of regions: they are as at the step before. */
    if (e.k[i] >= STEP && agent.events.length) e.x[i] = e.x[agent.events[agent.events.length - 1]];
    agent.events.push(i);
    let cpu = cpus.get(e.c[i]);
    if (!cpu) cpus.set(e.c[i], cpu = { number: e.c[i], segments: [] });
    const last = cpu.segments[cpu.segments.length - 1];
    if (last && last.agent === e.a[i]) last.to = i + 1;
    else { if (last && last.to < i) last.to = i; cpu.segments.push({ agent: e.a[i], from: i, to: i + 1 }); }
  }
  const acquire = new Set([of.acquire_lock, of.acquire_shared, of.acquire_spinlock, of.try_lock, of.try_shared, of.wait]);
  const release = new Set([of.release_lock, of.release_shared, of.release_spinlock, of.release_mutant]);
  r.lanes = [];
  const born = agents.map((a, i) => i).filter((i) => agents[i].events.length).sort((a, b) => agents[a].events[0] - agents[b].events[0]);
  for (const number of born) {
    const agent = agents[number], bars = [], held = new Map(), open = [null, null], list = Int32Array.from(agent.events);
    for (let j = 0; j < list.length; j++) {
      const i = list[j], object = e.o[i];
      for (let kind = 0; kind < 2; kind++) {
        const depth = kind ? e.x[i] >> 4 : e.x[i] & 15;
        if (depth && !open[kind]) open[kind] = { from: j ? list[j - 1] : i, kind, label: kind ? "guarded region" : "critical region" };
        else if (!depth && open[kind]) { open[kind].to = i; bars.push(open[kind]); open[kind] = null; }
      }
      if (acquire.has(e.k[i])) held.set(object, j);
      else if (release.has(e.k[i]) && held.has(object)) {
        const from = held.get(object), waited = e.f[list[from]] & 4;
        bars.push({ from: list[waited && from + 1 < list.length ? from + 1 : from], to: i, kind: 2, object,
          shared: e.k[list[from]] === of.acquire_shared, label: r.objects[object] });
        held.delete(object);
      }
    }
    for (const bar of open) if (bar) { bar.to = r.count; bars.push(bar); }
    for (const [object, j] of held) {
      /* Never released: of a wait nobody can tell whether it was for a lock. */
      const i = list[j];
      let last = list.length - 1;
      while (last > j && e.k[list[last]] >= STEP) last--;
      if (last > j && e.f[list[last]] & 4 && e.s[list[last]] === e.s[i]) continue; /* it waits for it */
      if (e.k[i] !== of.wait && e.k[i] !== of.try_lock && e.k[i] !== of.try_shared && !(e.f[i] & 4 && j === list.length - 1))
        bars.push({ from: i, to: r.count, kind: 2, object, label: r.objects[object] });
    }
    bars.sort((a, b) => a.from - b.from || b.to - a.to);
    const rows = [];
    for (const bar of bars) {
      let row = rows.findIndex((end) => end <= bar.from);
      if (row < 0) row = rows.length < 6 ? rows.push(0) - 1 : 5;
      rows[row] = Math.max(rows[row], bar.to);
      bar.row = row;
    }
    const who = r.agents[number];
    r.lanes.push({ agent: number, events: list, bars, rows: rows.length, height: 26 + rows.length * 11 + 7,
      name: (who.l ? who.l + "  " : "") + who.n + (who.p ? " " + who.p : ""), start: who.s });
  }
  const processors = [...cpus.values()].sort((a, b) => a.number - b.number);
  for (const cpu of processors) r.lanes.push({ cpu: cpu.number, segments: cpu.segments, height: 22, name: "processor " + cpu.number, start: "" });
  let y = 4;
  for (const lane of r.lanes) { lane.y = y; y += lane.height; }
  r.height = y;
  r.matters = [];
  for (let i = 0; i < r.count; i++) if (e.f[i] & 1) r.matters.push(i);
  r.preempts = r.matters;
  r.matters = [...new Set([...r.matters, ...r.story.map((s) => s.e).filter((i) => i >= 0)])].sort((a, b) => a - b);
}

function open(number) {
  run = data.runs[number];
  [...$("tabs").children].forEach((tab, i) => tab.setAttribute("aria-pressed", i === number));
  const sentence = /^.{20,}?[.:](?= [A-Z])/s.exec(run.message), title = run.message.length > 200 && sentence ? sentence[0] : run.message;
  $("message").textContent = title.replace(/[.:]$/, "");
  $("more").textContent = run.message.slice(title.length);
  $("wherebox").style.display = run.culprit ? "" : "none";
  if (run.culprit) {
    $("place").textContent = run.culprit[0] + "  " + run.files[run.culprit[1]].n + ":" + run.culprit[2];
    excerpt($("where"), run.files[run.culprit[1]], run.culprit[2]);
  }
  $("badge").textContent = run.rule || run.kind;
  $("badge").className = "badge" + (run.kind === "clean" ? " clean" : run.severity === "warning" || run.severity === "note" ? " warning" : "");
  $("facts").textContent = [run.origin, run.why ? "not new: " + run.why : "", run.where, run.blame && run.kind !== "clean" ? "blame: " + run.blame : "", run.fingerprint && run.kind !== "clean" ? "fingerprint " + run.fingerprint : "",
    run.schedule ? "again: ntlab replay " + run.schedule : ""].filter((x) => x).join("  \u00b7  ");
  $("text").textContent = run.text || "";
  const stuck = ["deadlock", "hang", "livelock"].includes(run.kind) && !(run.story && run.story.length); /* who waits for whom stands there */
  $("textbox").open = (!run.ev || stuck) && !!run.text;
  $("textbox").style.display = run.text ? "" : "none";
  $("confirm").textContent = (run.confirm || "");
  $("confirmbox").style.display = run.confirm ? "" : "none";
  $("timeline").style.display = run.ev && run.ev.k.length ? "" : "none";
  $("storybox").style.display = run.story && run.story.length ? "" : "none";
  if (!run.ev || !run.ev.k.length) return;
  prepare(run);
  $("view").style.height = `min(56vh, ${Math.max(220, run.height + 8)}px)`;
  ev = run.ev; count = run.count; kinds = run.kinds; lanes = run.lanes;
  selected = -1; matches = []; matchAt = -1; $("find").value = ""; $("found").textContent = "";
  tellStory();
  view = { from: 0, to: count, top: 0 };
  if (run.matters.length) showMatters();
  select(run.matters.length ? run.matters[run.matters.length - 1] : lastOfInterest(), false);
  redraw();
}

/* Of a run without a story: the exception that nobody took, else the last thing that a thread did. */
function lastOfInterest() {
  for (let i = count - 1; i >= Math.max(0, count - 50); i--) if (ev.k[i] === run.of.exception && ev.s[i] && run.kind !== "clean") return i;
  for (let i = count - 1; i >= 0; i--) if (!run.agents[ev.a[i]].n.startsWith("idle")) return i;
  return count - 1;
}

/* A column for each thread, as the text report has it. */
function tellStory() {
  const table = $("story"), letters = [...new Set(run.story.map((s) => s.a))].sort();
  table.textContent = "";
  const head = table.insertRow();
  head.append(text("th", "choice"));
  for (const letter of letters) {
    const agent = run.agents.find((a) => a.l === letter) || { n: "", s: "" };
    head.append(text("th", letter + ": " + agent.n + " " + agent.s));
  }
  let last = null;
  for (const step of run.story) {
    const row = table.insertRow();
    if (step.h && last !== null && last !== step.a) {
      const held = table.insertRow(row.rowIndex);
      held.append(text("td", ""));
      for (const letter of letters) held.append(text("td", letter === last ? "\u2014 is held up here \u2014" : "", "held"));
    }
    row.className = "step";
    row.dataset.event = step.e;
    row.append(text("td", step.c ? String(step.c) : ""));
    for (const letter of letters) {
      const cell = row.insertCell();
      if (letter !== step.a) continue;
      cell.append(step.w + " ");
      if (step.f) cell.append(text("span", step.f, "weak"));
      if (step.b) cell.append(" ", text("span", "waits", "stuck"));
      if (step.t) cell.append(" ", text("span", "its time-out passes", "stuck"));
    }
    row.onclick = () => { if (step.e >= 0) { select(step.e, true); $("timeline").scrollIntoView({ block: "nearest" }); } };
    last = step.a;
  }
}

/* ---- what an event says ---- */

const kindOf = (i) => kinds[ev.k[i]] || "0x" + ev.k[i].toString(16);
const words = (kind) => kind.replace(/_/g, " ").replace(/ step$/, "");
const siteOf = (number) => (number ? run.sites[number] : null);

function sentence(i) {
  const kind = kindOf(i), object = run.objects[ev.o[i]] || "", d = ev.d[i];
  if (kind === "driver_call") return "call: " + (MAJOR[d & 255] ? "IRP_MJ_" + MAJOR[d & 255] : "IRP") + (d > 255 ? " code 0x" + Math.floor(d / 256).toString(16) : "");
  if (kind === "driver_return") return "returns 0x" + d.toString(16).padStart(8, "0");
  if (kind === "irp_complete") return "completes request " + object + ", 0x" + d.toString(16).padStart(8, "0");
  if (kind === "exception" || kind === "bugcheck") return kind + " 0x" + d.toString(16);
  if (kind === "switch") return "switch to thread " + object;
  return words(kind) + (object ? " " + object : "");
}

function apcWords(i) {
  const critical = ev.x[i] & 15, guarded = ev.x[i] >> 4;
  return guarded ? "none can come (guarded region)" : ev.q[i] ? "none can come (IRQL)" : critical ? "only special ones (critical region)" : "every one can come";
}

function describe() {
  const box = $("details"), i = selected;
  box.textContent = "";
  if (i < 0) { box.append(text("p", "Click an event.", "weak")); return; }
  const agent = run.agents[ev.a[i]], step = run.story.find((s) => s.e === i);
  box.append(text("b", sentence(i)));
  const list = document.createElement("dl");
  const add = (name, value) => { if (value !== "" && value !== undefined) list.append(text("dt", name), text("dd", value)); };
  add("event", `${i + 1} of ${count}`);
  add("thread", (agent.l ? agent.l + ": " : "") + agent.n + (agent.p ? " of " + agent.p : ""));
  add("started in", agent.s);
  add("processor", String(ev.c[i]));
  add("IRQL", ev.q[i] + (IRQL[ev.q[i]] ? " (" + IRQL[ev.q[i]] + ")" : ""));
  add("APCs", apcWords(i));
  add("virtual time", "+" + (ev.t[i] / 1e4).toFixed(4) + " ms");
  const flags = ev.f[i];
  add("choice", [flags & 1 ? "here another thread was held up" : flags & 2 ? "another could have gone first" : "", flags & 4 ? "it has to wait" : "",
    flags & 8 ? "its time-out passes" : "", step && step.c ? "number " + step.c : ""].filter((x) => x).join("; "));
  const site = siteOf(ev.s[i]), callee = siteOf(ev.v[i]);
  if (callee) add("routine", callee[0]);
  if (site) add("at", site[0]);
  box.append(list);
  const place = site && site[1] >= 0 ? site : callee && callee[1] >= 0 && run.files[callee[1]].l[callee[2]] !== undefined ? callee : site;
  if (place && place[1] >= 0) showSource(box, run.files[place[1]], place[2]);
}

function showSource(box, file, line) {
  const source = document.createElement("pre");
  source.id = "source";
  source.className = "source";
  box.append(text("div", file.n + ":" + line, "mono"), source);
  excerpt(source, file, line);
}

function excerpt(box, file, line) {
  box.textContent = "";
  for (let number = line - 4; number <= line + 4; number++) {
    if (file.l[number] === undefined) continue;
    const row = text("div", "", number === line ? "here" : "");
    row.append(text("span", String(number), "number"), file.l[number]);
    box.append(row);
  }
  if (!box.childNodes.length) box.append(text("div", "The source was not there when the report was made.", "weak"));
}

/* ---- drawing ---- */

const NAMES = 190; /* pixels of the lanes' names */
let width = 0, height = 0, ratio = 1;

function fitCanvas(canvas) {
  const w = canvas.clientWidth, h = canvas.clientHeight;
  ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, w, h);
  return [context, w, h];
}

const xOf = (i) => NAMES + ((i - view.from) / (view.to - view.from)) * (width - NAMES);
const eventAt = (x) => view.from + ((x - NAMES) / (width - NAMES)) * (view.to - view.from);

/* First index of a sorted list that is >= value. */
function lower(list, value) {
  let low = 0, high = list.length;
  while (low < high) { const middle = (low + high) >> 1; if (list[middle] < value) low = middle + 1; else high = middle; }
  return low;
}

function redraw() {
  if (dirty) return;
  dirty = true;
  requestAnimationFrame(() => { dirty = false; if (run && run.ev) { draw(); drawMap(); } });
}

function style(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function hue(number) { return `hsl(${(number * 67 + 210) % 360} 45% 62%)`; }

function draw() {
  let g;
  [g, width, height] = fitCanvas($("view"));
  colours = { fg: style("--fg"), weak: style("--weak"), line: style("--line"), bg: style("--bg"), mark: style("--mark") };
  const perEvent = (width - NAMES) / (view.to - view.from);
  g.font = "12px system-ui, 'DejaVu Sans', sans-serif";
  g.textBaseline = "middle";
  /* The choices that mattered, through all lanes. */
  for (let j = lower(run.preempts, Math.floor(view.from)); j < run.preempts.length && run.preempts[j] <= view.to; j++) {
    const x = xOf(run.preempts[j]);
    g.fillStyle = colours.mark;
    g.fillRect(x - Math.max(2, perEvent / 2), 0, Math.max(4, perEvent), height);
  }
  if (selected >= 0) {
    g.fillStyle = colours.line;
    g.fillRect(xOf(selected), 0, Math.max(1.5, perEvent), height);
  }
  for (const lane of lanes) {
    const y = lane.y - view.top;
    if (y + lane.height < 0 || y > height) continue;
    g.save();
    g.beginPath();
    g.rect(NAMES, y, width - NAMES, lane.height);
    g.clip();
    if (lane.events) drawThread(g, lane, y, perEvent);
    else drawProcessor(g, lane, y);
    g.restore();
    g.fillStyle = colours.bg;
    g.fillRect(0, y, NAMES - 1, lane.height);
    g.fillStyle = selected >= 0 && (lane.events ? lane.agent === ev.a[selected] : lane.cpu === ev.c[selected]) ? colours.fg : colours.weak;
    g.fillText(lane.name, 8, y + 11, NAMES - 16);
    if (lane.start && lane.height > 30) { g.fillStyle = colours.weak; g.font = "11px system-ui, 'DejaVu Sans', sans-serif"; g.fillText(lane.start, 8, y + 26, NAMES - 16); g.font = "12px system-ui, 'DejaVu Sans', sans-serif"; }
    g.fillStyle = colours.line;
    g.fillRect(0, y + lane.height - 1, width, 1);
  }
  $("range").textContent = `events ${Math.max(1, Math.floor(view.from) + 1)}\u2013${Math.min(count, Math.ceil(view.to))} of ${count}` + (run.left ? ` (${run.left} earlier ones are left out)` : "");
}

function drawThread(g, lane, y, perEvent) {
  const list = lane.events, first = Math.max(0, lower(list, Math.floor(view.from)) - 1), band = y + 5, bandHeight = 14;
  let lastX = -1, lastState = -1, from = 0;
  const flush = () => { if (lastState >= 0 && lastX > from) { g.fillStyle = STATES[lastState][0]; g.fillRect(from, band, Math.max(1, lastX - from), bandHeight); } };
  g.fillStyle = colours.line;
  g.fillRect(xOf(list[0]), band + bandHeight / 2 - 0.5, Math.max(0, xOf(list[list.length - 1]) - xOf(list[0])), 1);
  for (let j = first; j < list.length; j++) {
    const i = list[j], x = xOf(i);
    if (i > view.to && j > first && list[j - 1] > view.to) break;
    const next = j + 1 < list.length ? list[j + 1] : count, state = stateOf(ev, i);
    const runs = next === i + 1 || j + 1 < list.length && sameCpu(i, next);
    if (ev.f[i] & 4) { flush(); lastState = -1; g.fillStyle = WAITING; const end = xOf(next); if (end - x > 0.7) { g.fillRect(x, band + 3, end - x, bandHeight - 6); hatch(g, x, band + 3, end - x, bandHeight - 6); } continue; }
    const end = runs ? xOf(next) : x + Math.max(1, perEvent), shown = runs && j + 1 < list.length ? stateOf(ev, next) : state;
    if (shown === lastState && x <= lastX + 0.5) lastX = end;
    else { flush(); from = x; lastX = end; lastState = shown; }
  }
  flush();
  for (const bar of lane.bars) {
    if (bar.to < view.from || bar.from > view.to) continue;
    const x = xOf(bar.from), real = xOf(bar.to) - x, w = Math.max(1.5, real), top = y + 23 + bar.row * 11;
    g.fillStyle = bar.kind === 2 ? LOCK : REGION[bar.kind];
    g.globalAlpha = (bar.shared ? 0.55 : 0.9) * Math.min(1, 0.1 + real);
    g.fillRect(x, top, w, 9);
    g.globalAlpha = 1;
    const left = Math.max(x, NAMES) + 3;
    if (x + w - left > 40) { g.fillStyle = "#fff"; g.font = "9px system-ui, 'DejaVu Sans', sans-serif"; g.fillText(bar.label, left, top + 5, x + w - left - 3); g.font = "12px system-ui, 'DejaVu Sans', sans-serif"; }
  }
  /* Marks, one for each two pixels at most. */
  let lastMark = -9;
  g.textAlign = "center";
  for (let j = first; j < list.length && list[j] <= view.to; j++) {
    const mark = run.mark.get(ev.k[list[j]]);
    if (!mark) continue;
    const x = xOf(list[j]) + Math.min(6, perEvent / 2), big = mark === "inject" || mark === "bad";
    if (x - lastMark < (big ? 1 : 4)) continue;
    lastMark = x;
    g.fillStyle = MARKS[mark][1];
    g.font = (big ? 15 : 10) + "px 'DejaVu Sans', system-ui, sans-serif";
    g.fillText(MARKS[mark][0], x, band + bandHeight / 2);
  }
  /* Steps of the story: ringed. */
  g.strokeStyle = colours.fg;
  g.lineWidth = 1.5;
  for (const step of run.story) {
    if (step.e < view.from || step.e > view.to || ev.a[step.e] !== lane.agent) continue;
    g.beginPath();
    g.arc(xOf(step.e) + Math.min(6, perEvent / 2), band + bandHeight / 2, 5, 0, 7);
    g.stroke();
  }
  g.textAlign = "left";
  g.font = "12px system-ui, 'DejaVu Sans', sans-serif";
  if (matches.length) {
    g.fillStyle = "#e91e63";
    let last = -9;
    for (let j = lower(matches, Math.floor(view.from)); j < matches.length && matches[j] <= view.to; j++) {
      const x = xOf(matches[j]);
      if (ev.a[matches[j]] === lane.agent && x - last >= 1) { g.fillRect(x, y + 1, Math.max(1.5, Math.min(6, perEvent)), 3); last = x; }
    }
  }
}

/* Nobody else was on the thread's processor in between: it ran on. */
function sameCpu(from, to) {
  if (to - from > 2000) return false;
  for (let i = from + 1; i < to; i++) if (ev.c[i] === ev.c[from] && ev.a[i] !== ev.a[from]) return false;
  return ev.c[to] === ev.c[from];
}

function hatch(g, x, y, w, h) {
  const left = Math.max(x, NAMES), right = Math.min(x + w, width);
  if (right - left < 6) return;
  g.strokeStyle = "#8d979f";
  g.lineWidth = 1;
  g.beginPath();
  for (let at = left + (6 - (left % 6)); at < right; at += 6) { g.moveTo(at, y + h); g.lineTo(Math.min(at + 4, right), y); }
  g.stroke();
}

function drawProcessor(g, lane, y) {
  let last = -9;
  const segments = lane.segments;
  let low = 0, high = segments.length;
  while (low < high) { const middle = (low + high) >> 1; if (segments[middle].to < view.from) low = middle + 1; else high = middle; }
  for (let j = low; j < segments.length && segments[j].from <= view.to; j++) {
    const segment = segments[j], x = xOf(segment.from), end = xOf(segment.to);
    if (end - last < 0.7) continue;
    g.fillStyle = hue(segment.agent);
    g.fillRect(x, y + 4, Math.max(1, end - x), 13);
    last = end;
    const left = Math.max(x, NAMES) + 4;
    if (end - left > 50) { g.fillStyle = "#111"; g.font = "10px system-ui, 'DejaVu Sans', sans-serif"; const a = run.agents[segment.agent]; g.fillText((a.l ? a.l + " " : "") + a.n, left, y + 11, end - left - 4); g.font = "12px system-ui, 'DejaVu Sans', sans-serif"; }
  }
}

/* The whole run in a strip: how much happens on which thread, what matters, what was found, what is in view. */
function drawMap() {
  const [g, w, h] = fitCanvas($("map"));
  const scale = w / count, threads = lanes.filter((lane) => lane.events), row = Math.max(2, (h - 6) / Math.max(1, threads.length));
  threads.forEach((lane, number) => {
    g.fillStyle = hue(lane.agent);
    let last = -1;
    for (const i of lane.events) { const x = Math.floor(i * scale); if (x !== last) { g.fillRect(x, 3 + number * row, Math.max(1, scale), Math.max(1, row - 1)); last = x; } }
  });
  g.fillStyle = "#d50000";
  for (const i of run.preempts) g.fillRect(i * scale, 0, Math.max(1.5, scale), h);
  g.fillStyle = "#e91e63";
  for (const i of matches) g.fillRect(i * scale, h - 4, Math.max(1, scale), 4);
  g.strokeStyle = colours.fg;
  g.lineWidth = 2;
  g.strokeRect(view.from * scale + 1, 1, Math.max(3, (view.to - view.from) * scale - 2), h - 2);
}

/* ---- moving about ---- */

function clamp() {
  const span = Math.min(Math.max(8, view.to - view.from), Math.max(8, count));
  view.from = Math.min(Math.max(0, view.from), Math.max(0, count - span));
  view.to = view.from + span;
  view.top = Math.min(Math.max(0, view.top), Math.max(0, run.height - height));
}

function zoom(factor, at) {
  const centre = at === undefined ? (selected >= view.from && selected <= view.to ? selected : (view.from + view.to) / 2) : at;
  view.from = centre - (centre - view.from) * factor;
  view.to = centre + (view.to - centre) * factor;
  clamp();
  redraw();
}

function showMatters() {
  if (!run.matters.length) return;
  const from = run.matters[0], to = run.matters[run.matters.length - 1], margin = Math.max(6, (to - from) * 0.06);
  view.from = from - margin;
  view.to = to + margin;
  clamp();
  redraw();
}

function select(i, reveal) {
  if (i < 0 || i >= count) return;
  selected = i;
  if (reveal) {
    const span = view.to - view.from;
    if (i < view.from + span * 0.03 || i > view.to - span * 0.03) { view.from = i - span / 2; view.to = view.from + span; }
    const lane = lanes.find((l) => l.events && l.agent === ev.a[i]);
    if (lane && (lane.y < view.top || lane.y + lane.height > view.top + height)) view.top = lane.y - height / 3;
    clamp();
  }
  for (const row of $("story").rows) row.classList.toggle("on", row.dataset.event === String(i));
  describe();
  redraw();
}

/* ---- search ---- */

function search(query) {
  matches = [];
  matchAt = -1;
  query = query.trim().toLowerCase();
  if (query) {
    const hit = (s) => s.toLowerCase().includes(query);
    const objects = run.objects.map(hit), sites = run.sites.map((s) => s !== null && (hit(s[0]) || (s[1] >= 0 && hit(run.files[s[1]].n + ":" + s[2]))));
    const agents = run.agents.map((a) => hit(a.n + " " + a.p + " " + a.s));
    const kind = {};
    for (const number in kinds) kind[number] = hit(words(kinds[number])) || hit(kinds[number]);
    for (let i = 0; i < count; i++)
      if (kind[ev.k[i]] || (ev.o[i] && objects[ev.o[i]]) || (ev.s[i] && sites[ev.s[i]]) || (ev.v[i] && sites[ev.v[i]]) || agents[ev.a[i]]) matches.push(i);
    if (!matches.length && /^irp_mj_|^0x/.test(query)) for (let i = 0; i < count; i++) if (sentence(i).toLowerCase().includes(query)) matches.push(i);
  }
  $("found").textContent = query ? (matches.length ? matches.length + " events" : "nothing found") : "";
  redraw();
}

function go(direction) {
  const list = matches.length ? matches : run.matters;
  if (!list.length) return;
  const at = lower(list, selected);
  const to = direction > 0 ? (list[at] === selected ? at + 1 : at) : at - 1;
  matchAt = (to + list.length) % list.length;
  select(list[matchAt], true);
  if (matches.length) $("found").textContent = `${matchAt + 1} of ${matches.length}`;
}

function neighbour(direction, same) {
  if (!same) { select(Math.min(count - 1, Math.max(0, selected + direction)), true); return; }
  const lane = lanes.find((l) => l.events && l.agent === ev.a[selected]);
  const at = lower(lane.events, selected) + direction;
  if (at >= 0 && at < lane.events.length) select(lane.events[at], true);
}

/* ---- mouse and keys ---- */

function laneAt(y) { return lanes.find((lane) => y + view.top >= lane.y && y + view.top < lane.y + lane.height); }

function pick(x, y) {
  const lane = laneAt(y), at = eventAt(x);
  if (!lane || x < NAMES) return -1;
  if (!lane.events) return Math.min(count - 1, Math.max(0, Math.floor(at)));
  const near = lower(lane.events, at - 0.5), list = lane.events;
  let best = -1, distance = 12;
  for (let j = Math.max(0, near - 2); j < Math.min(list.length, near + 3); j++) {
    const away = Math.abs(xOf(list[j] + 0.5) - x);
    if (away < distance || (away <= distance && run.story.some((s) => s.e === list[j]))) { best = list[j]; distance = away; }
  }
  return best >= 0 ? best : list[Math.max(0, Math.min(list.length - 1, near - 1))];
}

function listen() {
  const canvas = $("view"), map = $("map");
  let drag = null;
  canvas.addEventListener("pointerdown", (e) => { drag = { x: e.offsetX, y: e.offsetY, from: view.from, to: view.to, top: view.top, moved: false }; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointermove", (e) => {
    if (!drag) { hover(e); return; }
    const dx = e.offsetX - drag.x, dy = e.offsetY - drag.y;
    if (!drag.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
    drag.moved = true;
    const shift = (dx / (width - NAMES)) * (drag.to - drag.from);
    view.from = drag.from - shift; view.to = drag.to - shift; view.top = drag.top - dy;
    clamp();
    redraw();
  });
  canvas.addEventListener("pointerup", (e) => { if (drag && !drag.moved) select(pick(e.offsetX, e.offsetY), false); drag = null; });
  canvas.addEventListener("pointerleave", () => { $("tip").style.display = "none"; });
  canvas.addEventListener("dblclick", (e) => zoom(0.25, eventAt(e.offsetX)));
  canvas.addEventListener("wheel", (e) => {
    e.preventDefault();
    if (e.shiftKey) { view.top += e.deltaY || e.deltaX; clamp(); redraw(); }
    else if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) { const shift = (e.deltaX / width) * (view.to - view.from); view.from += shift; view.to += shift; clamp(); redraw(); }
    else zoom(Math.exp(Math.max(-1, Math.min(1, e.deltaY / 250))), eventAt(e.offsetX));
  }, { passive: false });
  const jump = (e) => { const span = view.to - view.from, at = (e.offsetX / map.clientWidth) * count; view.from = at - span / 2; view.to = view.from + span; clamp(); redraw(); };
  map.addEventListener("pointerdown", (e) => { map.setPointerCapture(e.pointerId); jump(e); });
  map.addEventListener("pointermove", (e) => { if (e.buttons) jump(e); });
  $("find").addEventListener("input", () => search($("find").value));
  $("find").addEventListener("keydown", (e) => { if (e.key === "Enter") { go(e.shiftKey ? -1 : 1); e.preventDefault(); } });
  $("next").onclick = () => go(1);
  $("previous").onclick = () => go(-1);
  $("in").onclick = () => zoom(0.5);
  $("out").onclick = () => zoom(2);
  $("fit").onclick = () => { view.from = 0; view.to = count; view.top = 0; clamp(); redraw(); };
  $("matters").onclick = showMatters;
  $("help").onclick = () => $("keys").showModal();
  window.addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  document.addEventListener("keydown", keys);
}

function keys(e) {
  if (e.ctrlKey || e.metaKey || e.altKey || !run || !run.ev || $("keys").open) return;
  if (e.target === $("find")) { if (e.key === "Escape") { $("find").value = ""; search(""); $("find").blur(); } return; }
  const step = { ArrowRight: () => neighbour(1, e.shiftKey), ArrowLeft: () => neighbour(-1, e.shiftKey), ArrowDown: () => { view.top += 40; clamp(); redraw(); },
    ArrowUp: () => { view.top -= 40; clamp(); redraw(); }, n: () => go(1), p: () => go(-1), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
    0: () => $("fit").click(), m: showMatters, "/": () => $("find").focus(), "?": () => $("keys").showModal(),
    Escape: () => { $("find").value = ""; search(""); } }[e.key];
  const plain = e.target === document.body || $("canvases").contains(e.target);
  if (!step || (e.key.startsWith("Arrow") && !plain)) return;
  step();
  e.preventDefault();
}

function hover(e) {
  const tip = $("tip"), i = pick(e.offsetX, e.offsetY);
  if (i < 0) { tip.style.display = "none"; return; }
  const lane = laneAt(e.offsetY), at = eventAt(e.offsetX), bar = lane.bars && lane.bars.find((b) => b.from <= at && b.to >= at && e.offsetY + view.top >= lane.y + 23 + b.row * 11 && e.offsetY + view.top < lane.y + 34 + b.row * 11);
  const site = siteOf(ev.s[i]);
  tip.textContent = bar ? (bar.kind === 2 ? "holds " + bar.label + (bar.shared ? " (shared)" : "") : bar.label) : sentence(i) + (site ? " \u2014 " + site[0] : "");
  tip.style.display = "block";
  tip.style.left = Math.min(e.offsetX + 14, width - 220) + "px";
  tip.style.top = e.offsetY + 46 + "px";
}

function legend() {
  const box = $("legend");
  for (const [colour, words] of [...STATES, [WAITING, "waits"], [LOCK, "holds a lock (pale: shared)"]]) {
    const item = text("span", "");
    const swatch = document.createElement("i");
    swatch.style.background = colour;
    item.append(swatch, words);
    box.append(item);
  }
  for (const name in MARKS) {
    const item = text("span", ""), mark = text("b", MARKS[name][0] + " ");
    mark.style.color = MARKS[name][1];
    item.append(mark, MARKS[name][2]);
    box.append(item);
  }
  box.append(text("span", "\u25ef step of the story"), text("span", "yellow column: a choice that mattered"));
}

$("subject").textContent = data.subject;
$("summary").textContent = data.runs.length === 1 && data.summary === data.runs[0].message ? "" : data.summary;
document.title = "ntlab: " + data.subject;
data.runs.forEach((r, i) => { const tab = text("button", (r.why ? "(" : "") + (r.rule || r.kind) + (r.where ? " in " + r.where : "") + (r.why ? ")" : "")); tab.title = r.origin || ""; tab.onclick = () => open(i); $("tabs").append(tab); });
$("tabs").style.display = data.runs.length > 1 ? "" : "none";
$("table").textContent = data.table || "";
$("tablebox").style.display = data.table ? "" : "none";
legend();
listen();
open(Math.max(0, data.runs.findIndex((r) => r.severity === "error" && !r.why)));
/* For tests, and for whoever has a console open. */
window.ntlab = { get run() { return run; }, get view() { return view; }, get selected() { return selected; }, get matches() { return matches; }, select, sentence,
  point: (i) => { const lane = lanes.find((l) => l.events && l.agent === ev.a[i]), box = $("view").getBoundingClientRect(); return { x: box.left + xOf(i + 0.5), y: box.top + lane.y - view.top + 12 }; } };
requestAnimationFrame(() => requestAnimationFrame(() => { document.body.dataset.ready = Math.round(performance.now()); document.body.dataset.work = Math.round(performance.now() - started); }));
})();
