
const root = document.documentElement;
const sound = byId("sound");
const segments = [...document.querySelectorAll(".segment")];
const words = [...document.querySelectorAll(".text i")];
const numbers = new Map([...segments, ...words].map((element) => [element, 0]));
segments.forEach((element, index) => numbers.set(element, index));
words.forEach((element, index) => numbers.set(element, index));
root.classList.toggle("silent", !sound);

/* Times of segments or words, found by time: those that are open at a moment, though they may overlap. */
class Intervals {
  constructor(times) {
    this.times = times;
    this.order = Array.from({ length: times.length / 2 }, (_, index) => index).sort((a, b) => times[2 * a] - times[2 * b]);
    let latest = -Infinity;
    this.latest = this.order.map((index) => (latest = Math.max(latest, times[2 * index + 1])));
  }
  start(index) { return this.times[2 * index]; }
  end(index) { return this.times[2 * index + 1]; }
  last(time) {
    let low = 0, high = this.order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.start(this.order[middle]) <= time) low = middle + 1; else high = middle;
    }
    return low - 1;
  }
  at(time) {
    const open = [];
    for (let place = this.last(time); place >= 0 && this.latest[place] > time; place--)
      if (this.end(this.order[place]) > time) open.push(this.order[place]);
    return open;
  }
}
const segmentTimes = new Intervals(data.segments), wordTimes = new Intervals(data.words);

/* ---- playing ---- */
let still = data.start; // the position where there is no sound
let stopAt = null;
let range = null;
let following = true;
const position = () => (sound ? sound.currentTime + data.soundStart : still);
const isPlaying = () => Boolean(sound) && !sound.paused;

function seek(seconds, { play = isPlaying(), until = null } = {}) {
  const time = Math.min(Math.max(seconds, data.start), data.end);
  stopAt = until;
  following = true;
  if (sound) sound.currentTime = Math.max(0, time - data.soundStart); else still = time;
  if (play) start();
  update(true);
}

function start() {
  if (sound) sound.play().catch((error) => { if (error.name === "NotSupportedError") showMissing(); });
}

function togglePlay() {
  if (!sound) return;
  if (isPlaying()) return sound.pause();
  if (range && stopAt === null && position() >= range.start && position() < range.end - 0.05) stopAt = range.end;
  following = true;
  start();
}

function tick() {
  update();
  if (isPlaying()) requestAnimationFrame(tick);
}

if (sound) {
  sound.addEventListener("play", () => { root.classList.add("playing"); byId("play").setAttribute("aria-label", "Pause"); tick(); });
  sound.addEventListener("pause", () => { root.classList.remove("playing"); byId("play").setAttribute("aria-label", "Play"); update(); });
  for (const name of ["timeupdate", "seeked", "loadedmetadata"]) sound.addEventListener(name, () => update());
  sound.addEventListener("error", showMissing);
  if (sound.error) showMissing();
}

function showMissing() {
  byId("missing").querySelector("p").textContent =
    `${sound.dataset.name || "The recording"} cannot be played from here. Keep it beside this page, or choose it.`;
  byId("missing").hidden = false;
}

byId("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (!file) return;
  const time = sound.currentTime;
  sound.src = URL.createObjectURL(file);
  sound.currentTime = time;
  byId("missing").hidden = true;
});

/* ---- what is lit ---- */
const lit = { segments: [], words: [] };

function light(kind, elements, found) {
  const before = lit[kind];
  if (before.length === found.length && before.every((index, place) => index === found[place])) return false;
  for (const index of before) elements[index].classList.remove("now");
  for (const index of found) elements[index].classList.add("now");
  lit[kind] = found;
  return true;
}

function update(jumped = false) {
  const time = position();
  if (stopAt !== null && time >= stopAt && isPlaying()) { stopAt = null; sound.pause(); }
  const hasMoved = light("segments", segments, segmentTimes.at(time));
  light("words", words, wordTimes.at(time));
  if (hasMoved || jumped) announceSegment(jumped);
  byId("now").textContent = formatClock(time);
  byId("follow").hidden = following || !isPlaying();
  wave.setAttribute("aria-valuenow", time.toFixed(1));
  wave.setAttribute("aria-valuetext", `${formatClock(time)} of ${formatClock(data.end)}`);
  draw();
}

function announceSegment(jumped) {
  for (const element of document.querySelectorAll("[aria-current]")) element.removeAttribute("aria-current");
  for (const index of lit.segments) segments[index].setAttribute("aria-current", "true");
  const place = segmentTimes.last(position());
  const index = lit.segments.at(-1) ?? (place < 0 ? undefined : segmentTimes.order[place]);
  if (index !== undefined && following && (jumped || isPlaying())) reveal(segments[index]);
}

function reveal(element) {
  const box = element.getBoundingClientRect();
  const top = document.querySelector(".top").offsetHeight + 16;
  const bottom = innerHeight - document.querySelector(".dock").offsetHeight - 32;
  if (box.top >= top && box.bottom <= bottom) return;
  const isNear = Math.abs(box.top) < 2 * innerHeight && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block: "center", behavior: isNear ? "smooth" : "instant" });
}

for (const name of ["wheel", "touchmove"]) addEventListener(name, () => { following = following && !isPlaying(); }, { passive: true });
byId("follow").addEventListener("click", () => { following = true; update(true); });

/* ---- the waveform ---- */
const wave = byId("wave"), canvas = wave.querySelector("canvas"), bubble = wave.querySelector(".bubble");
const length = Math.max(0.001, data.end - data.start);
const gaps = segments.flatMap((element, index) => element.classList.contains("gap") ? [index] : []);
let bars = [], colors = {};

function measure() {
  const style = getComputedStyle(root), ratio = devicePixelRatio || 1;
  canvas.width = Math.round(wave.clientWidth * ratio);
  canvas.height = Math.round(wave.clientHeight * ratio);
  for (const name of ["accent", "ink", "soft", "line", "alarm", "alarm-tint", "tint"]) colors[name] = style.getPropertyValue(`--${name}`).trim();
  for (let index = 0; index < 8; index++) colors[`s${index}`] = style.getPropertyValue(`--s${index}`).trim();
  const count = Math.max(1, Math.floor(wave.clientWidth / 4));
  bars = Array.from({ length: count }, (_, index) => measureBar(index / count, (index + 1) / count));
  draw();
}

function measureBar(from, to) {
  const open = segmentTimes.at(data.start + (from + to) / 2 * length).filter((index) => !segments[index].classList.contains("event"));
  const segment = open.length ? segments[open[0]] : null;
  const turn = segment && segment.closest(".turn");
  const color = [...(turn ? turn.classList : [])].find((name) => /^s\d$/.test(name));
  const isGap = Boolean(segment && segment.classList.contains("gap"));
  if (!data.peaks.length) return { height: segment && !isGap ? 0.55 : 0.04, color, isSpeech: Boolean(segment), isGap };
  const scale = data.peaks.length * length / Math.max(0.001, data.peaksEnd - data.start);
  const first = Math.floor(from * scale), stop = Math.max(first + 1, Math.ceil(to * scale));
  const peak = Math.max(0, ...data.peaks.slice(first, stop)) / loudest;
  return { height: Math.max(0.04, peak ** 0.8), color, isSpeech: Boolean(segment), isGap };
}
const loudest = Math.max(1, ...data.peaks);

function draw() {
  const context = canvas.getContext("2d"), ratio = devicePixelRatio || 1;
  const width = canvas.width / ratio, height = canvas.height / ratio, x = (time) => (time - data.start) / length * width;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const shade = (from, to, color) => { context.fillStyle = color; context.fillRect(x(from), 0, Math.max(2, x(to) - x(from)), height); };
  for (const index of gaps) shade(segmentTimes.start(index), segmentTimes.end(index), colors["alarm-tint"]);
  if (range) shade(range.start, range.end, colors.tint);
  const step = width / bars.length, now = x(position());
  bars.forEach((bar, index) => {
    const left = index * step + step * 0.2, tall = Math.max(2, bar.height * (height - 8)), isHeard = left + step / 2 <= now;
    context.globalAlpha = isHeard ? 1 : bar.isSpeech ? 0.38 : 0.25;
    context.fillStyle = bar.isGap ? colors.alarm : colors[bar.color] || (bar.isSpeech ? colors.accent : colors.soft);
    context.beginPath();
    context.roundRect(left, (height - tall) / 2, step * 0.6, tall, step * 0.3);
    context.fill();
  });
  context.globalAlpha = 1;
  context.fillStyle = "#f59e0b";
  for (const match of matches.slice(0, 500)) context.fillRect(x(match.start) - 1, height - 3, 2, 3);
  context.fillStyle = colors.ink;
  context.beginPath();
  context.roundRect(Math.min(width - 2, Math.max(0, now - 1)), 0, 2, height, 1);
  context.fill();
}

function timeAt(event) {
  const box = wave.getBoundingClientRect();
  return data.start + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * length;
}

wave.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  wave.setPointerCapture(event.pointerId);
  seek(timeAt(event));
});
wave.addEventListener("pointermove", (event) => {
  const time = timeAt(event), half = bubble.offsetWidth / 2;
  bubble.textContent = formatClock(time);
  bubble.style.left = `${Math.min(wave.clientWidth - 2 * half, Math.max(0, event.offsetX - half))}px`;
  if (wave.hasPointerCapture(event.pointerId)) seek(time);
});

/* ---- a stretch: selected, in the address, to be shared ---- */
function setRange(stretch) {
  range = stretch;
  byId("range").hidden = !range;
  if (range) byId("range-times").textContent = `${formatClock(range.start)} – ${formatClock(range.end)}`;
  draw();
}

function parseFragment(fragment) {
  const match = /(?:^#|&)t=(?:npt:)?([\d:.]*)(?:,([\d:.]+))?(?:&|$)/.exec(fragment.replaceAll("%2C", ",").replaceAll("%3A", ":"));
  if (!match || !(match[1] || match[2])) return null;
  const seconds = (text) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  const from = match[1] ? seconds(match[1]) : data.start, to = match[2] ? seconds(match[2]) : null;
  return Number.isFinite(from) && !(to !== null && !(to > from)) ? { start: from, end: to } : null;
}

function openFragment() {
  const stretch = parseFragment(location.hash);
  if (!stretch) return;
  setRange(stretch.end === null ? null : stretch);
  seek(stretch.start, { until: stretch.end });
}

function formatFragment(stretch) {
  const round = (seconds) => String(Math.round(seconds * 1000) / 1000);
  return `#t=${round(stretch.start)}${stretch.end === null ? "" : `,${round(stretch.end)}`}`;
}

async function copyLink() {
  readSelection(); // the event may be yet to come
  const link = location.href.split("#")[0] + formatFragment(range || { start: position(), end: null });
  history.replaceState(null, "", new URL(link).hash);
  try {
    await navigator.clipboard.writeText(link);
    say("Link copied");
  } catch {
    say("The link is in the address bar");
  }
}

let toastTimer;
function say(text) {
  const toast = byId("toast");
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { toast.classList.remove("shown"); toast.textContent = ""; }, 2200);
}

function wordAt(node) {
  const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
  return element && element.closest(".text i");
}

function readSelection() {
  const selection = getSelection();
  if (selection.isCollapsed || !selection.rangeCount || !byId("transcript").contains(selection.anchorNode)) return;
  const chosen = selection.getRangeAt(0);
  const inside = segments.filter((element) => chosen.intersectsNode(element)).flatMap((element) => [...element.querySelectorAll(".text i")]);
  const touched = inside.filter((element) => overlaps(chosen, element)).map((element) => numbers.get(element));
  if (!touched.length) return;
  setRange({ start: Math.min(...touched.map((index) => wordTimes.start(index))), end: Math.max(...touched.map((index) => wordTimes.end(index))) });
}
document.addEventListener("selectionchange", readSelection);

function overlaps(chosen, element) {
  const own = document.createRange();
  own.selectNodeContents(element);
  return chosen.compareBoundaryPoints(Range.END_TO_START, own) < 0 && chosen.compareBoundaryPoints(Range.START_TO_END, own) > 0;
}

byId("range-play").addEventListener("click", () => seek(range.start, { play: true, until: range.end }));
byId("range-copy").addEventListener("click", copyLink);
byId("range-clear").addEventListener("click", clearRange);
byId("copy").addEventListener("click", copyLink);

function clearRange() {
  stopAt = null;
  getSelection().removeAllRanges();
  setRange(null);
}

byId("transcript").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !getSelection().isCollapsed) return;
  const time = event.target.closest(".time"), word = event.target.closest(".text i");
  if (!time && !word) return;
  event.preventDefault();
  if (range) clearRange();
  seek(time ? segmentTimes.start(numbers.get(time.closest(".segment"))) : wordTimes.start(numbers.get(word)), { play: true });
});

/* ---- search ---- */
let matches = [], chosen = -1, folded = null;
const hasHighlights = typeof Highlight !== "undefined" && Boolean(CSS.highlights);
root.classList.toggle("no-highlights", !hasHighlights);
const MOST_MATCHES = 5000;

/* The text without case and accents, and for each character of it the place of its own in the text. */
function fold(text) {
  if (/^[\x20-\x7e]*$/.test(text)) return { plain: text.toLowerCase(), at: (place) => place };
  let plain = "";
  const places = [];
  for (let index = 0; index < text.length; index++) {
    const letter = text[index].normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    for (const character of letter) { plain += character; places.push(index); }
  }
  return { plain, at: (place) => places[place] };
}

function find(query) {
  folded ??= segments.map((element) => fold(element.querySelector(".text").textContent));
  const wanted = fold(query.trim()).plain, found = [];
  if (!wanted) return found;
  folded.forEach(({ plain, at }, segment) => {
    for (let place = plain.indexOf(wanted); place >= 0 && found.length < MOST_MATCHES; place = plain.indexOf(wanted, place + wanted.length))
      found.push({ segment, begin: at(place), stop: at(place + wanted.length - 1) + 1, start: segmentTimes.start(segment) });
  });
  return found;
}

function toRange(match) {
  const walker = document.createTreeWalker(segments[match.segment].querySelector(".text"), NodeFilter.SHOW_TEXT);
  const stretch = document.createRange();
  let offset = 0, isOpen = false;
  for (let node = walker.nextNode(); node; offset += node.length, node = walker.nextNode()) {
    if (!isOpen && match.begin < offset + node.length) { stretch.setStart(node, match.begin - offset); isOpen = true; }
    if (match.stop <= offset + node.length) { stretch.setEnd(node, match.stop - offset); break; }
  }
  const word = wordAt(stretch.startContainer);
  if (word) match.start = wordTimes.start(numbers.get(word));
  return stretch;
}

function search() {
  for (const match of matches) segments[match.segment].classList.remove("found");
  matches = find(byId("query").value);
  for (const match of matches) { match.range = toRange(match); segments[match.segment].classList.add("found"); }
  if (hasHighlights) CSS.highlights.set("found", new Highlight(...matches.map((match) => match.range)));
  choose(matches.length ? Math.max(0, matches.findIndex((match) => match.start >= position())) : -1, false);
}

function choose(index, jump = true) {
  chosen = index;
  const match = matches[chosen], isEmpty = !byId("query").value.trim();
  const total = matches.length === MOST_MATCHES ? `${MOST_MATCHES}+` : matches.length;
  byId("count").textContent = isEmpty ? "" : match ? `${chosen + 1} of ${total}` : "None";
  byId("previous").hidden = byId("next").hidden = !match;
  if (hasHighlights) CSS.highlights.set("chosen", match ? new Highlight(match.range) : new Highlight());
  if (match && jump) { seek(match.start); reveal(segments[match.segment]); }
  else if (match) reveal(segments[match.segment]);
  draw();
}

const chooseNext = (step) => matches.length && choose((chosen + step + matches.length) % matches.length);
let searchTimer, searched = "";
byId("query").addEventListener("input", () => {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => { searched = byId("query").value; search(); }, 90);
});
byId("query").addEventListener("keydown", (event) => {
  if (event.key === "Escape") { event.preventDefault(); event.target.value = searched = ""; search(); event.target.blur(); }
  if (event.key === "Enter" && event.shiftKey) { event.preventDefault(); chooseNext(-1); }
});
byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(searchTimer);
  if (searched === byId("query").value) return chooseNext(1);
  searched = byId("query").value;
  search();
  choose(chosen);
});
byId("previous").addEventListener("click", () => chooseNext(-1));

/* ---- controls and keys ---- */
byId("play").addEventListener("click", togglePlay);
byId("back").addEventListener("click", () => seek(position() - 5));
byId("forward").addEventListener("click", () => seek(position() + 5));
byId("speed").addEventListener("change", (event) => { if (sound) sound.playbackRate = Number(event.target.value); });
byId("help").addEventListener("click", () => byId("keys").showModal());

function step(direction) {
  const place = segmentTimes.last(position() + (direction < 0 ? -0.7 : 1e-3)) + (direction > 0 ? 1 : 0);
  const index = segmentTimes.order[Math.min(Math.max(place, 0), segments.length - 1)];
  if (index !== undefined) seek(segmentTimes.start(index));
}

const keys = {
  " ": togglePlay,
  ArrowLeft: (event) => event.shiftKey ? step(-1) : seek(position() - 5),
  ArrowRight: (event) => event.shiftKey ? step(1) : seek(position() + 5),
  "/": () => { byId("query").focus(); byId("query").select(); },
  l: copyLink,
  L: copyLink,
  "?": () => byId("keys").showModal(),
  Escape: clearRange,
};
const waveKeys = {
  ArrowUp: () => seek(position() + 5),
  ArrowDown: () => seek(position() - 5),
  PageUp: () => seek(position() + 30),
  PageDown: () => seek(position() - 30),
  Home: () => seek(data.start),
  End: () => seek(data.end),
};

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open || target.closest("input, select, textarea")) return;
  if (event.key === " " && target.closest("button, a, summary, label")) return;
  const act = (target === wave && waveKeys[event.key]) || keys[event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
});

/* ---- begin ---- */
byId("total").textContent = formatClock(data.end);
wave.setAttribute("aria-valuemin", data.start);
wave.setAttribute("aria-valuemax", data.end);
new ResizeObserver(measure).observe(wave);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", measure);
addEventListener("hashchange", openFragment);
measure();
update();
openFragment();
