"use strict";
// Pictures come as one line of JSON that describes them, then one binary message for each; they
// are drawn together, so that both outputs show the same instant.
const NOT_LIVE_MS = 700;
// A sender without a signal goes on with its last picture; the capture time stays that picture's.
const OLD_NS = 400e6;
const MARKS = {
  SLATE: "NOT LIVE: held or banner", REPEATED: "NOT LIVE: repeated", LATE: "late",
  CONCEALED: "gaps concealed", NO_METADATA: "no metadata", NO_PATIENT: "no patient confirmed",
};
const DEAD = ["SLATE", "REPEATED"];
const boxes = new Map(); // name -> elements and when its picture last moved
let heads = [], jpegs = [], utc = null, utcAt = 0;
const banner = document.getElementById("banner");

function box(name) {
  if (boxes.has(name)) return boxes.get(name);
  const section = document.getElementById("stream").content.firstElementChild.cloneNode(true);
  const of = (selector) => section.querySelector(selector);
  const found = {
    title: of("h2"), figure: of("figure"), canvas: of("canvas"), state: of(".state"),
    cut: of(".cut"), counts: of(".counts"), histogram: of(".histogram"), latency: of(".latency"),
    seen: 0, flags: [], old: false,
  };
  of(".patient").addEventListener("click", () => post("/patient/" + name));
  found.cut.addEventListener("click", () => post("/cut/" + name));
  document.getElementById("streams").append(section);
  boxes.set(name, found);
  return found;
}

function post(path) {
  fetch(path, { method: "POST" }).catch(() => { banner.textContent = "The demonstration does not answer."; });
}

async function draw(described, blobs) {
  const images = await Promise.all(blobs.map((blob) => createImageBitmap(blob)));
  described.forEach((head, i) => {
    const b = box(head.name);
    if (b.canvas.width !== head.width) { b.canvas.width = head.width; b.canvas.height = head.height; }
    b.canvas.getContext("2d").drawImage(images[i], 0, 0);
    b.seen = performance.now();
    b.flags = head.flags;
    b.old = head.origin_tai > 0 && head.presented_tai - head.origin_tai > OLD_NS;
  });
}

const ms = (ns) => (ns / 1e6).toFixed(2);

function count(label, value, bad) {
  const cell = document.createElement("div");
  if (bad) cell.className = "bad";
  const dt = document.createElement("dt"), dd = document.createElement("dd");
  dt.textContent = label;
  dd.textContent = value;
  cell.append(dt, dd);
  return cell;
}

function svg(kind, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Bars of equal width in milliseconds over what was seen; a lone value still gets a bar.
function histogram(into, latency) {
  into.replaceChildren(svg("line", { x1: 10, x2: 590, y1: 105, y2: 105 }));
  if (!latency.count) return;
  const low = Math.floor(latency.min / 1e6), high = Math.max(low + 1, Math.ceil(latency.max / 1e6));
  const bars = new Array(58).fill(0);
  for (const [upper, n] of latency.buckets) {
    const at = Math.floor(((upper / 1e6 - low) / (high - low)) * bars.length);
    bars[Math.min(bars.length - 1, Math.max(0, at))] += n;
  }
  const top = Math.log1p(Math.max(...bars));
  bars.forEach((n, i) => {
    const height = n ? Math.max(3, (Math.log1p(n) / top) * 95) : 0;
    into.append(svg("rect", { x: 10 + i * 10, width: 9, y: 105 - height, height }));
  });
  into.append(svg("text", { x: 10, y: 123 }, low + " ms"));
  into.append(svg("text", { x: 590, y: 123, "text-anchor": "end" }, high + " ms"));
  into.append(svg("text", { x: 300, y: 123, "text-anchor": "middle" }, "frames, logarithmic"));
}

function show(state) {
  utc = state.utc;
  utcAt = performance.now();
  document.getElementById("scale").textContent = state.tai_utc_s
    ? `UTC (TAI is ${state.tai_utc_s} s ahead)` : "UTC (here TAI is the same: the kernel was not told)";
  for (const stream of state.streams) {
    const b = box(stream.name), m = stream.measured, f = m.figures, l = m.latency;
    const late = (f["rx.late"] || 0) + (f["rx.shown_late"] || 0);
    b.title.textContent = stream.title;
    b.cut.textContent = stream.cut ? "Give the signal back" : "Cut the signal";
    b.cut.classList.toggle("on", stream.cut);
    if (stream.dead) banner.textContent = "A box died. " + stream.dead;
    b.counts.replaceChildren(
      count("frames shown", m.presented, false),
      count("lost", m.lost, m.lost > 0),
      count("shown twice", m.repeated, m.repeated > 0),
      count("wrong metadata", m.foreign_metadata, m.foreign_metadata > 0),
      count("late", late, late > 0),
      count("gaps concealed", f["rx.concealed_frames"] || 0, f["rx.concealed_frames"] > 0),
      count("packets", f["rx.packets"] || 0, false),
      count("link offset", ms(m.link_offset_ns) + " ms", false),
    );
    histogram(b.histogram, l);
    b.latency.textContent = l.count
      ? `min ${ms(l.min)}  p50 ${ms(l.p50)}  p99 ${ms(l.p99)}  p99.9 ${ms(l.p99_9)}  max ${ms(l.max)} ms`
      : "no live frame yet";
  }
}

function tick() {
  if (utc !== null) {
    const now = new Date(utc / 1e6 + performance.now() - utcAt);
    document.getElementById("clock").textContent = now.toISOString().slice(11, 21);
  }
  for (const b of boxes.values()) {
    const stale = performance.now() - b.seen > NOT_LIVE_MS;
    const dead = stale || b.old || b.flags.some((flag) => DEAD.includes(flag));
    b.figure.classList.toggle("dead", dead);
    const marks = b.flags.map((flag) => MARKS[flag] || flag);
    b.state.textContent = stale ? "NOT LIVE: no picture"
      : b.old ? "NOT LIVE: the sender has no signal" : marks.join(", ") || "live";
  }
  requestAnimationFrame(tick);
}

function connect() {
  const socket = new WebSocket(`ws://${location.host}/live`);
  socket.binaryType = "blob";
  socket.onopen = () => { banner.textContent = ""; };
  socket.onmessage = ({ data }) => {
    if (data instanceof Blob) {
      jpegs.push(data);
      if (jpegs.length === heads.length) {
        draw(heads, jpegs).finally(() => { if (socket.readyState === 1) socket.send("drawn"); });
      }
      return;
    }
    const message = JSON.parse(data);
    if (message.streams) show(message);
    else { heads = message.pictures; jpegs = []; }
  };
  socket.onclose = () => {
    banner.textContent = "NOT LIVE: the demonstration has ended or does not answer.";
    setTimeout(connect, 1000);
  };
}

document.getElementById("stop").addEventListener("click", () => post("/stop"));
connect();
requestAnimationFrame(tick);
