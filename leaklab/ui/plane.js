/* The path of the weights in a plane, and what each simulation rebuilds on its way: drawn, moved and scrubbed in the
   browser alone. While a run goes on the server sends its newest moment; once it is over, a film of them. */

const ICONS = {
  Play: "M7 4v16l13-8z",
  Pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  Replay: "M12 5V1L6.5 6 12 11V7a5.5 5.5 0 1 1-5.5 5.5h-2A7.5 7.5 0 1 0 12 5z",
};
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const SVG = "http://www.w3.org/2000/svg";
const EDGE = { top: 28, right: 22, bottom: 44, left: 44 };
const ASPECT = 1.6;   // of the drawing, as the server reckons
const A_STEP = 320, A_WALK = 2600, A_MOVE = 220;   // milliseconds: one step drawn, a whole walk at most, one tick's move
const OWN = "client";
const NEAR = 26, LARGEST = 64, GAP = 3, IN_A_ROW = 8;
const DASHES = { solid: "none", dashed: "8 5", dotted: "2 4" };
const EVENTS = ["leaklab:cursor", "leaklab:where"];
const MARKS = {
  circle: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  rect: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
  triangle: (x, y, r) => `M${x} ${y - 1.2 * r}L${x + 1.15 * r} ${y + r}H${x - 1.15 * r}z`,
  diamond: (x, y, r) => `M${x} ${y - 1.35 * r}L${x + 1.35 * r} ${y}L${x} ${y + 1.35 * r}L${x - 1.35 * r} ${y}z`,
};

/* A mark filled with its colour, or hollow where the name of its symbol says so. */
function marked(symbol, places, colour) {
  const hollow = symbol.startsWith("empty"), name = hollow ? symbol[5].toLowerCase() + symbol.slice(6) : symbol;
  const d = places.map((place) => (MARKS[name] ?? MARKS.circle)(...place)).join("");
  return { d, fill: hollow ? "var(--st-background-color)" : colour, stroke: colour, "stroke-width": hollow ? 2 : 0 };
}

class Plane {
  constructor(root) {
    this.root = root;
    for (const name of ["plane", "read", "list", "play", "now", "scrub"]) this[name] = root.querySelector("." + name);
    this.svg = this.plane.querySelector("svg");
    this.hidden = new Set();
    this.places = {};        // where each walk is drawn just now
    this.drawn = Infinity;   // how many steps of the client's walk are drawn
    this.index = null;       // the moment that is shown; null: the newest
    this.turn = this.shown = 0;
    this.scrub.oninput = () => this.go(+this.scrub.value);
    this.play.onclick = () => (this.timer ? this.rest() : this.start());
    this.list.onclick = (event) => this.toggle(event.target.closest("button"));
    this.svg.onpointermove = (event) => this.point(event);
    this.svg.onpointerleave = () => (this.read.textContent = "");
    this.sizes = new ResizeObserver(() => this.refresh());
    this.linked = ({ type, detail }) => {
      if (detail.group !== this.data?.group || detail.from === this) return;
      if (type === "leaklab:where") this.tell();
      else this.follow(detail.iteration);
    };
  }

  /* Again after every rerun: whoever left sees no size any more, and a node that is not in the page yet draws nothing. */
  join() {
    this.sizes.disconnect();
    this.sizes.observe(this.root);
    for (const name of EVENTS) window.addEventListener(name, this.linked);
  }

  leave() {
    this.rest();
    cancelAnimationFrame(this.glide);
    this.sizes.disconnect();
    for (const name of EVENTS) window.removeEventListener(name, this.linked);
  }

  /* Take what the server sent; pictures and numbers change together, once the pictures are decoded. */
  async receive(data) {
    const turn = ++this.turn, sheets = {};
    const uris = Object.entries({ [OWN]: data.truth, ...data.sheets });
    await Promise.all(uris.map(async ([key, uri]) => (sheets[key] = await decoded(uri))));
    if (turn < this.shown) return;
    const another = data.run !== this.data?.run, ended = this.data?.live && !data.live;
    this.shown = turn;
    if (another || ended) this.rest(), (this.index = null);
    [this.data, this.sheets] = [data, sheets];
    if (another) this.hidden.clear(), (this.places = {});
    this.entries();
    const film = another && !data.live && !CALM.matches && this.last > 0;
    if (film) this.index = 0;
    this.refresh();
    if (another && !CALM.matches) this.walk(film);
  }

  get last() { return this.data.moments.length - 1; }

  get at() { return this.index === null ? this.last : Math.min(this.index, this.last); }

  /* The client takes its steps before the visitor's eyes; then the simulations come after it. */
  walk(film) {
    const steps = this.data.client.length - 1, began = performance.now();
    const pace = Math.min(A_STEP, A_WALK / Math.max(1, steps));
    const beat = (now) => {
      this.drawn = Math.max(0, now - began) / pace;   // a beat may bear the time of the one before
      this.paint();
      if (this.drawn < steps) this.beat = requestAnimationFrame(beat);
      else (this.drawn = Infinity), film && this.start();
    };
    this.beat = requestAnimationFrame(beat);
  }

  go(index) {
    this.rest();
    this.stand(index);
  }

  stand(index) {
    this.index = index >= this.last ? null : index;
    this.show();
    this.tell();
  }

  /* Curves of the same group move with the plane, and it with them. */
  tell() {
    const iteration = this.index === null ? null : this.data.moments[this.at].iteration;
    window.dispatchEvent(new CustomEvent("leaklab:cursor", { detail: { group: this.data.group, from: this, iteration } }));
  }

  follow(iteration) {
    this.rest();
    const far = this.data.moments.map((moment) => Math.abs(moment.iteration - iteration));
    this.index = iteration === null ? null : far.lastIndexOf(Math.min(...far));
    if (this.index === this.last) this.index = null;
    this.show();
  }

  start() {
    if (this.last < 1) return;
    if (this.at === this.last) this.stand(0);
    this.timer = setInterval(() => {
      this.stand(this.at + 1);
      if (this.at >= this.last) this.rest();
    }, Math.min(450, Math.max(90, 8000 / this.data.moments.length)));
    this.controls();
  }

  rest() {
    clearInterval(this.timer);
    cancelAnimationFrame(this.beat);
    this.timer = null;
    this.drawn = Infinity;
    if (this.data) this.controls();
  }

  toggle(button) {
    if (!button) return;
    const key = button.closest("li").dataset.key;
    if (!this.hidden.delete(key)) this.hidden.add(key);
    button.setAttribute("aria-pressed", !this.hidden.has(key));
    this.paint();
  }

  refresh() {
    if (!this.data || !this.root.isConnected) return;
    this.scale();
    this.show();
  }

  /* Bring numbers and pictures to the moment shown, and let the walks glide there. */
  show() {
    const moment = this.data.moments[this.at];
    for (const item of this.list.children) this.item(item, moment);
    this.controls();
    this.svg.setAttribute("aria-label", this.data.alt);
    const from = this.places, to = { ...moment.paths, [OWN]: this.data.client };
    const began = performance.now();
    cancelAnimationFrame(this.glide);
    const move = (now) => {
      const part = CALM.matches ? 1 : Math.min(1, Math.max(0, now - began) / A_MOVE);
      this.places = {};
      for (const [key, path] of Object.entries(to)) {
        const old = from[key]?.length === path.length ? from[key] : path;
        this.places[key] = path.map(([x, y], i) => [old[i][0] + (x - old[i][0]) * part, old[i][1] + (y - old[i][1]) * part]);
      }
      this.paint();
      if (part < 1) this.glide = requestAnimationFrame(move);
    };
    move(began);
  }

  controls() {
    const { moments, iterations, live } = this.data, moment = moments[this.at], one = moments.length < 2;
    const does = this.timer ? "Pause" : this.at === this.last ? "Replay" : "Play";
    this.play.querySelector("span").textContent = does;
    this.play.querySelector("path").setAttribute("d", ICONS[does]);
    this.play.disabled = this.scrub.disabled = one;
    [this.scrub.max, this.scrub.value] = [this.last, this.at];
    const words = moment.iteration ? `iteration ${moment.iteration} of ${iterations}` : live ? "the client's own steps" : "before the first iteration";
    this.now.textContent = words;
    this.scrub.setAttribute("aria-valuetext", words);
  }

  /* One entry a walk; a simulation gets its colour when it sets out. */
  entries() {
    while (this.list.children.length < this.data.walks.length) this.list.append(entry());
    this.data.walks.forEach(({ key, title, colour, dash, symbol }, i) => {
      const item = this.list.children[i], [stroke, dot] = item.querySelectorAll("path");
      item.dataset.key = key;
      item.querySelector(".name span").textContent = title;
      item.querySelector("button").setAttribute("aria-pressed", !this.hidden.has(key));
      stroke.setAttribute("stroke", colour ?? "none");
      stroke.setAttribute("stroke-dasharray", DASHES[dash ?? "solid"]);
      for (const [name, value] of Object.entries(marked(symbol ?? "circle", colour ? [[15, 7, 4.5]] : [], colour))) dot.setAttribute(name, value);
    });
  }

  item(item, moment) {
    const { tile: [height, width], tiles, live } = this.data, key = item.dataset.key, own = key === OWN;
    const numbers = item.querySelector(".numbers"), canvas = item.querySelector("canvas"), sheet = this.sheets[key];
    numbers.textContent = moment.numbers[key] ?? (live ? "not yet under way" : "");
    const columns = Math.min(tiles, IN_A_ROW), gap = tiles > 1 ? Math.max(1, Math.round((GAP * width) / LARGEST)) : 0;
    [canvas.width, canvas.height] = [columns * (width + gap) - gap, Math.ceil(tiles / columns) * (height + gap) - gap];
    canvas.style.width = `${Math.min(this.list.clientWidth, (canvas.width * LARGEST) / width)}px`;
    canvas.setAttribute("aria-label", `${item.querySelector(".name span").textContent}: ${numbers.textContent || "nothing yet"}`);
    const number = own ? 0 : this.data.pictured[key].indexOf(this.at);
    if (!sheet || number < 0) return;
    const across = Math.max(1, Math.floor(sheet.naturalWidth / (tiles * width))), pen = canvas.getContext("2d");
    const left = (number % across) * tiles * width, top = Math.floor(number / across) * height;
    for (let t = 0; t < tiles; t++)
      pen.drawImage(sheet, left + t * width, top, width, height,
        (t % columns) * (width + gap), Math.floor(t / columns) * (height + gap), width, height);
  }

  scale() {
    const { xAxis, yAxis } = this.data, wide = Math.max(240, this.svg.clientWidth), across = wide - EDGE.left - EDGE.right;
    const high = Math.round(across / ASPECT);
    this.box = { left: EDGE.left, right: EDGE.left + across, top: EDGE.top, floor: EDGE.top + high };
    this.unit = [across / (xAxis.max - xAxis.min), high / (yAxis.max - yAxis.min)];
    this.svg.setAttribute("viewBox", `0 0 ${wide} ${EDGE.top + high + EDGE.bottom}`);
    this.svg.style.height = `${EDGE.top + high + EDGE.bottom}px`;
  }

  spot([x, y]) {
    const { xAxis, yAxis } = this.data;
    return [this.box.left + (x - xAxis.min) * this.unit[0], this.box.floor - (y - yAxis.min) * this.unit[1]];
  }

  paint() {
    if (!this.unit) return;
    const parts = [...this.ground()];
    for (const walk of [...this.data.walks].reverse())
      if (walk.colour && !this.hidden.has(walk.key) && this.places[walk.key]) parts.push(...this.path(walk));
    parts.push(...this.names());
    this.svg.replaceChildren(...parts);
  }

  *ground() {
    const { xAxis, yAxis, chord } = this.data, { left, right, top, floor } = this.box;
    const hair = { stroke: "currentColor", "stroke-opacity": 0.16 }, pale = { opacity: 0.85 };
    for (const x of round_numbers(xAxis.min, xAxis.max, (right - left) / 90)) {
      const [at] = this.spot([x, 0]);
      yield made("line", { x1: at, x2: at, y1: top, y2: floor, ...hair });
      yield made("text", { x: at, y: floor + 16, "text-anchor": "middle", ...pale }, +x.toFixed(6));
    }
    for (const y of round_numbers(yAxis.min, yAxis.max, (floor - top) / 45)) {
      const at = this.spot([0, y])[1];
      yield made("line", { x1: left, x2: right, y1: at, y2: at, ...hair });
      yield made("text", { x: left - 6, y: at + 4, "text-anchor": "end", ...pale }, +y.toFixed(6));
    }
    yield made("text", { x: (left + right) / 2, y: floor + 37, "text-anchor": "middle" }, xAxis.name);
    yield made("text", { x: 0, y: 14 }, yAxis.name);
    const [from, to] = [this.spot([0, 0]), this.spot([1, 0])];
    yield made("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], stroke: chord, "stroke-width": 2, "stroke-dasharray": "7 6" });
  }

  *path({ key, colour, dash, symbol, width }) {
    const own = key === OWN, full = this.places[key], ends = this.data.ends;
    const steps = own ? Math.min(this.drawn, full.length - 1) : full.length - 1, whole = Math.floor(steps);
    const some = full.slice(0, whole + 1), rest = steps - whole;
    if (rest > 0) some.push(full[whole].map((a, i) => a + (full[whole + 1][i] - a) * rest));
    const drawn = some.map((place) => this.spot(place));
    yield made("polyline", {
      points: drawn.map((p) => p.map((v) => v.toFixed(1)).join(" ")).join(" "), fill: "none", stroke: colour,
      "stroke-width": width, "stroke-dasharray": DASHES[dash], "stroke-linejoin": "round",
    });
    const few = full.length < 60;   // of more steps the marks would hide the way
    const marks = drawn.slice(0, whole + 1).map(([x, y], i) => [x, y, ends[i] ? 6 : i && few ? (own ? 4.2 : 3.4) : 0]);
    yield made("path", marked(symbol, marks.filter(([, , r]) => r), colour));
  }

  *names() {
    const begin = this.spot([0, 0]), end = this.spot([1, 0]);
    yield made("path", { d: MARKS.circle(...begin, 6), fill: "currentColor" });
    yield made("text", { x: begin[0], y: begin[1] + 25, "text-anchor": "middle", class: "halo" }, "sent out");
    yield made("text", { x: end[0], y: end[1] + 25, "text-anchor": "middle", class: "halo" }, "sent back");
  }

  /* Say which step of which walk lies under the pointer. */
  point(event) {
    const box = this.svg.getBoundingClientRect(), at = [event.clientX - box.left, event.clientY - box.top];
    let best = [NEAR, ""];
    for (const { key, title } of this.data.walks) {
      if (this.hidden.has(key)) continue;
      (this.places[key] ?? []).forEach((place, i) => {
        const [x, y] = this.spot(place), far = Math.hypot(x - at[0], y - at[1]);
        if (far < best[0]) best = [far, `${title}, ${this.step(i)}`];
      });
    }
    this.read.textContent = best[1];
  }

  step(number) {
    if (!number) return "before the first step";
    const epoch = this.data.ends.slice(0, number).filter(Boolean).length + 1;
    return `after step ${number} of ${this.data.client.length - 1}, in epoch ${epoch}`;
  }
}

function round_numbers(low, high, about) {
  const rough = (high - low) / Math.max(2, about), unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((k) => k * unit >= rough * 0.999), found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

function entry() {
  const item = document.createElement("li");
  item.innerHTML = '<div class="head"><button class="name" type="button"><svg viewBox="0 0 30 14" aria-hidden="true">' +
    '<path fill="none" stroke-width="3" d="M0 7H30"/><path/></svg><span></span></button><span class="numbers"></span></div>' +
    '<canvas role="img"></canvas>';
  return item;
}

function made(name, attributes, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

async function decoded(uri) {
  if (!uri) return null;
  const image = new Image();
  image.src = uri;
  await image.decode().catch(() => null);   // a picture that cannot be had must not keep the paths from being drawn
  return image;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".walks");
  const plane = (root.plane ??= new Plane(root));   // the node outlives reruns, and with it where the visitor stands
  plane.join();
  plane.receive(data);
  return () => plane.leave();
}
