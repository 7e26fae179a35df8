/* A curve over iterations that keeps its zoom while the data grows, and shares one cursor with the reel of its group.
   It reads the few parts of an ECharts option that our curves use. */

const DASHES = { solid: [], dashed: [8, 5], dotted: [2, 4], dashdot: [9, 4, 2, 4] };
const PAD = { top: 24, bottom: 40 };

class Curve {
  constructor(root) {
    this.root = root;
    for (const name of ["legend", "whole", "plot", "read"]) this[name] = root.querySelector("." + name);
    this.canvas = root.querySelector("canvas");
    this.range = null;          // iterations zoomed to; null: all of them, however many come
    this.hidden = new Set();
    this.cursor = null;         // the iteration the reel stands at; null: the newest
    this.whole.onclick = () => this.zoom(null);
    this.legend.onclick = (event) => this.toggle(event.target.closest("button"));
    this.plot.onpointerdown = (event) => this.press(event);
    this.plot.onpointermove = (event) => this.move(event);
    this.plot.onpointerup = (event) => this.release(event);
    this.plot.onpointercancel = () => { this.drag = null; this.draw(); };
    this.plot.onpointerleave = () => { if (!this.drag) { this.hover = null; this.draw(); } };
    this.plot.ondblclick = () => this.zoom(null);
    this.plot.onkeydown = (event) => this.key(event);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.plot);
    this.linked = (event) => {
      if (event.detail.group !== this.group) return;
      this.cursor = event.detail.iteration;
      this.draw();
    };
    window.addEventListener("leaklab:cursor", this.linked);
  }

  leave() {
    this.sizes.disconnect();
    window.removeEventListener("leaklab:cursor", this.linked);
  }

  receive({ option, group, alt, height }) {
    const joined = group !== this.group;
    this.option = option;
    this.layers = [...option.series].sort((a, b) => (a.z ?? 2) - (b.z ?? 2));
    this.group = group;
    this.axes = [option.yAxis].flat();
    this.root.style.setProperty("--height", `${height}px`);
    this.plot.setAttribute("aria-label", alt);
    this.all = [...new Set(option.series.flatMap((s) => s.data.map(([x]) => x)))].sort((a, b) => a - b);
    const names = [...new Set(option.series.map((s) => s.name))];
    if (names.join("\n") !== this.names?.join("\n")) this.entries(names);
    this.names = names;
    this.draw();
    if (joined) window.dispatchEvent(new CustomEvent("leaklab:where", { detail: { group } }));
  }

  entries(names) {
    this.legend.replaceChildren(...names.map((name) => {
      const { color, type } = this.option.series.find((s) => s.name === name).lineStyle;
      const button = document.createElement("button");
      button.type = "button";
      button.innerHTML = '<svg viewBox="0 0 30 8" aria-hidden="true"><line x1="0" x2="30" y1="4" y2="4" stroke-width="3"/></svg><span></span>';
      button.querySelector("line").setAttribute("stroke", color);
      button.querySelector("line").setAttribute("stroke-dasharray", DASHES[type].join(" "));
      button.lastChild.textContent = button.dataset.name = name;
      button.setAttribute("aria-pressed", !this.hidden.has(name));
      return button;
    }));
  }

  toggle(button) {
    if (!button) return;
    const name = button.dataset.name;
    if (!this.hidden.delete(name)) this.hidden.add(name);
    button.setAttribute("aria-pressed", !this.hidden.has(name));
    this.draw();
  }

  zoom(range) {
    this.range = range;
    this.draw();
  }

  press(event) {
    if (event.button) return;
    this.plot.setPointerCapture(event.pointerId);
    this.drag = { from: this.at(event), to: this.at(event) };
  }

  move(event) {
    this.hover = this.at(event);
    if (this.drag) this.drag.to = this.hover;
    this.draw();
  }

  /* A short press sets the cursor, a drag along the iterations zooms to them. */
  release(event) {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    const wide = Math.abs(this.across(drag.to) - this.across(drag.from));
    if (wide > 8) this.zoom([Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)]);
    else this.point(this.nearest(drag.to));
    if (event.pointerType !== "mouse") this.hover = null;
  }

  key(event) {
    const here = this.all.indexOf(this.nearest(this.cursor ?? Infinity)), [low, high] = this.span();
    const middle = this.cursor ?? high, part = (scale) => [middle - (middle - low) * scale, middle + (high - middle) * scale];
    const acts = {
      ArrowLeft: () => this.point(this.all[Math.max(0, here - 1)]),
      ArrowRight: () => this.point(this.all[Math.min(this.all.length - 1, here + 1)]),
      Home: () => this.point(this.all[0]),
      End: () => this.point(this.all.at(-1)),
      "+": () => this.zoom(part(0.5)),
      "-": () => this.zoom(this.range && part(2)),
      Escape: () => this.zoom(null),
    };
    if (!acts[event.key] || !this.all.length) return;
    event.preventDefault();
    acts[event.key]();
  }

  point(iteration) {
    if (iteration === undefined) return;
    const detail = { group: this.group, from: this, iteration: iteration === this.all.at(-1) ? null : iteration };
    window.dispatchEvent(new CustomEvent("leaklab:cursor", { detail }));
  }

  nearest(iteration) {
    return this.all.reduce((best, x) => (Math.abs(x - iteration) < Math.abs(best - iteration) ? x : best), this.all.at(-1));
  }

  span() {
    if (this.range) return this.range;
    const low = this.all[0] ?? 0, high = this.all.at(-1) ?? 1;
    return [low, high > low ? high : low + 1];
  }

  at(event) {
    const [low, high] = this.span(), x = event.clientX - this.plot.getBoundingClientRect().left;
    return Math.min(high, Math.max(low, low + ((x - this.left) / (this.right - this.left)) * (high - low)));
  }

  across(x) {
    const [low, high] = this.span();
    return this.left + ((x - low) / (high - low)) * (this.right - this.left);
  }

  /* The values one upright axis has to hold, at the iterations shown. */
  reach(side) {
    const [low, high] = this.span(), { type, min, max } = this.axes[side];
    const seen = this.option.series.filter((s) => (s.yAxisIndex ?? 0) === side && !this.hidden.has(s.name))
      .flatMap((s) => s.data.filter(([x, y]) => y !== null && x >= low && x <= high).map(([, y]) => y));
    if (type === "log") {
      const ends = seen.length ? [Math.log10(Math.min(...seen)), Math.log10(Math.max(...seen))] : [-1, 1];
      if (Math.ceil(ends[1]) - Math.floor(ends[0]) < 2) return this.ticks(side, ends[0] - 0.1, ends[1] + 0.1);
      return this.ticks(side, Math.floor(ends[0]), Math.ceil(ends[1]));
    }
    const least = min ?? Math.min(0, ...seen), most = max ?? Math.max(...seen, least + 1e-6);
    return this.ticks(side, least, most + (max === undefined ? (most - least) * 0.05 : 0));
  }

  ticks(side, low, high) {
    const log = this.axes[side].type === "log", found = { low, high, log, at: [] };
    if (!log || high - low < 2) {
      const from = log ? 10 ** low : low, to = log ? 10 ** high : high;
      found.at = round_numbers(from, to, 5).filter((v) => !log || v > 0).map((v) => [log ? Math.log10(v) : v, plain(v)]);
    } else {
      const step = Math.ceil((high - low) / 6);
      for (let v = Math.ceil(low); v <= high; v += step) found.at.push([v, plain(10 ** v)]);
    }
    return found;
  }

  draw() {
    const wide = this.plot.clientWidth, high = this.plot.clientHeight;
    if (!this.option || !wide) return;
    const dots = window.devicePixelRatio || 1, pen = this.canvas.getContext("2d");
    [this.canvas.width, this.canvas.height] = [Math.round(wide * dots), Math.round(high * dots)];
    pen.scale(dots, dots);
    const style = getComputedStyle(this.root);
    this.ink = style.color;
    this.times = parseFloat(style.getPropertyValue("--leaklab-thick")) || 1;  // how much larger than usual, on a projector
    pen.font = `${12.5 * this.times}px ${style.fontFamily}`;
    this.sides = this.axes.map((_, side) => this.reach(side));
    const room = (side) => Math.max(24, ...this.sides[side].at.map(([, text]) => pen.measureText(text).width)) + 10;
    [this.left, this.right, this.floor] = [room(0), wide - (this.axes[1] ? room(1) : 14), high - PAD.bottom];
    this.frame(pen);
    this.lines(pen);
    this.marks(pen);
    this.whole.hidden = !this.range;
  }

  frame(pen) {
    const [low, high] = this.span();
    this.sides.forEach((side, number) => {
      const edge = number ? this.right + 8 : this.left - 8;
      for (const [value, text] of side.at) {
        const y = this.up(side, value);
        if (!number) this.rule(pen, this.left, y, this.right, y, 0.15);
        this.write(pen, text, edge, y, number ? "left" : "right", 0.85);
      }
      this.write(pen, this.axes[number].name, number ? this.right : this.left, 8, number ? "right" : "left", 1);
    });
    const note = this.option.title?.text ?? "", named = pen.measureText(this.axes[0].name).width;
    if (pen.measureText(note).width + named + 20 < this.right - this.left) this.write(pen, note, this.right, 8, "right", 0.85);
    this.rule(pen, this.left, this.floor, this.right, this.floor, 0.6);
    for (const x of round_numbers(low, high, Math.max(2, Math.floor((this.right - this.left) / 80))))
      this.write(pen, plain(x), this.across(x), this.floor + 13, "center", 0.85);
    this.write(pen, this.option.xAxis.name, (this.left + this.right) / 2, this.floor + 31, "center", 1);
  }

  lines(pen) {
    pen.save();
    pen.beginPath();
    pen.rect(this.left, PAD.top - 4, this.right - this.left, this.floor - PAD.top + 8);
    pen.clip();
    pen.lineJoin = "round";
    for (const { name, data, lineStyle: { color, type, width, opacity }, yAxisIndex = 0 } of this.layers) {
      if (this.hidden.has(name)) continue;
      const side = this.sides[yAxisIndex];
      Object.assign(pen, { strokeStyle: color, fillStyle: color, lineWidth: width * this.times, globalAlpha: opacity });
      pen.setLineDash(DASHES[type]);
      pen.beginPath();
      let drawing = false;
      for (const [x, y] of data) {
        if (y === null) { drawing = false; continue; }
        const place = [this.across(x), this.up(side, side.log ? Math.log10(y) : y)];
        drawing ? pen.lineTo(...place) : pen.moveTo(...place);
        if (data.length === 1) pen.arc(...place, 4, 0, 7), pen.fill();
        drawing = true;
      }
      pen.stroke();
    }
    pen.restore();
  }

  /* The cursor, what is being dragged over, and the numbers under the pointer. */
  marks(pen) {
    const [low, high] = this.span(), standing = this.cursor === null ? this.all.at(-1) : this.cursor;
    if (standing >= low && standing <= high) this.rule(pen, this.across(standing), PAD.top, this.across(standing), this.floor, 0.5, 2);
    if (this.drag) {
      const [a, b] = [this.across(this.drag.from), this.across(this.drag.to)];
      Object.assign(pen, { globalAlpha: 0.15, fillStyle: this.ink });
      pen.fillRect(Math.min(a, b), PAD.top, Math.abs(b - a), this.floor - PAD.top);
    }
    const told = this.nearest(this.hover ?? standing);
    if (this.hover != null) this.rule(pen, this.across(told), PAD.top, this.across(told), this.floor, 0.8);
    pen.globalAlpha = 1;
    this.read.textContent = told === undefined ? "" : this.words(told);
  }

  words(iteration) {
    const told = this.option.series.filter((s) => s.tooltip?.show !== false && !this.hidden.has(s.name))
      .map((s) => [s.name, s.data.find(([x]) => x === iteration)?.[1]]).filter(([, y]) => y != null);
    return [`${this.option.xAxis.name} ${iteration}`, ...told.map(([name, y]) => `${name} ${plain(y, 3)}`)].join(" · ");
  }

  up(side, value) {
    return this.floor - ((value - side.low) / (side.high - side.low || 1)) * (this.floor - PAD.top);
  }

  rule(pen, x, y, to_x, to_y, strength, width = 1) {
    Object.assign(pen, { strokeStyle: this.ink, globalAlpha: strength, lineWidth: width });
    pen.setLineDash([]);
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(to_x, to_y);
    pen.stroke();
  }

  write(pen, text, x, y, align, strength) {
    Object.assign(pen, { fillStyle: this.ink, globalAlpha: strength, textAlign: align, textBaseline: "middle" });
    pen.fillText(text, x, y);
  }
}

function round_numbers(low, high, about) {
  const rough = (high - low) / about || 1, unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((k) => k * unit >= rough * 0.999), found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

function plain(value, digits = 4) {
  const size = Math.abs(value);
  if (size && (size < 1e-4 || size >= 1e6)) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  return +value.toPrecision(digits) + "";
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".curve");
  const curve = (root.curve ??= new Curve(root));
  curve.receive(data);
  return () => curve.leave();
}
