/* The reel: draws the private photograph and the reconstruction at a cursor, and moves the cursor.
   Everything it does stays in the browser; the server only ever sends a newer film. */

const ICONS = {
  Play: "M7 4v16l13-8z",
  Pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  Replay: "M12 5V1L6.5 6 12 11V7a5.5 5.5 0 1 1-5.5 5.5h-2A7.5 7.5 0 1 0 12 5z",
};
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const EVENTS = ["leaklab:cursor", "leaklab:where"];
const NARROW = 560, GAP = 4;   // pixels of the screen, as in the style sheet

class Reel {
  constructor(root) {
    this.root = root;
    for (const name of ["pair", "truth", "guess", "play", "now", "live", "strip", "scrub"]) this[name] = root.querySelector("." + name);
    this.film = null;        // what is drawn: a sheet of pictures with its own numbers, swapped as one
    this.iteration = null;   // where the visitor stands; null: at the newest picture
    this.newest = 0;         // counts what was received, so that a slow decode never overtakes a later one
    this.shown = 0;
    this.scrub.oninput = () => this.go(+this.scrub.value);
    this.play.onclick = () => (this.timer ? this.rest() : this.start());
    this.live.onclick = () => this.go(this.last);
    this.strip.onclick = (event) => {
      const moment = event.target.closest(".moment");
      if (moment) this.go(+moment.dataset.index);
    };
    this.sizes = new ResizeObserver(() => this.refresh());
    this.sizes.observe(root);
    this.linked = ({ type, detail }) => {
      if (detail.group !== this.group || detail.from === this) return;
      if (type === "leaklab:where") this.tell();
      else this.follow(detail.iteration);
    };
    for (const name of EVENTS) window.addEventListener(name, this.linked);
  }

  leave() {
    this.rest();
    this.sizes.disconnect();
    for (const name of EVENTS) window.removeEventListener(name, this.linked);
  }

  /* Take what the server sent. The layout is settled at once; the pictures follow when they are decoded. */
  async receive(data) {
    const turn = ++this.newest, old = this.film;
    this.group = data.group;
    this.settle(data);
    const [truth, sheet] = await Promise.all([data.truth === old?.truth_uri ? old?.truth : decoded(data.truth), decoded(data.atlas)]);
    if (turn < this.shown) return;
    this.shown = turn;
    const another = !this.film || data.truth !== this.film.truth_uri || end(data) < end(this.film);
    const first = data.frames > 0 && (another || !this.film.frames);
    if (another) {
      this.rest();
      this.iteration = null;
    }
    this.film = { ...data, truth_uri: data.truth, truth, sheet };
    this.refresh();
    if (first && data.autoplay && !CALM.matches) this.start();
  }

  /* Reserve the room that everything will take, from the numbers alone. */
  settle({ tile: [height, width], tiles, columns, captions }) {
    this.gap = tiles > 1 ? Math.max(1, Math.round(width / 24)) : 0;
    this.board = [columns * (width + this.gap) - this.gap, Math.ceil(tiles / columns) * (height + this.gap) - this.gap];
    const shape = this.board[0] / this.board[1], room = this.root.clientWidth;
    const least = (room <= NARROW ? 44 : 64) * Math.min(1.6, shape);
    this.slots = Math.max(2, Math.floor((room + GAP) / (least + GAP)));
    const slot = Math.floor((room - (this.slots - 1) * GAP) / this.slots);
    this.thumb = [slot, Math.round(slot / shape)];
    this.root.style.setProperty("--aspect", this.board[0] / this.board[1]);
    this.root.style.setProperty("--slot", `${this.thumb[0]}px`);
    this.root.style.setProperty("--thumb", `${this.thumb[1]}px`);
    this.pair.classList.toggle("several", tiles > 1);
    this.pair.classList.toggle("rows", shape > 2.4);   // each photograph above its reconstruction
    this.pair.querySelectorAll("figcaption").forEach((caption, index) => (caption.textContent = captions[index]));
  }

  get last() { return this.film.frames - 1; }

  get index() {
    const numbers = this.film.iterations;
    if (this.iteration === null) return this.last;
    let near = 0;
    numbers.forEach((number, i) => { if (Math.abs(number - this.iteration) <= Math.abs(numbers[near] - this.iteration)) near = i; });
    return near;
  }

  go(index) {
    this.rest();
    this.stand(index);
  }

  stand(index) {
    this.iteration = index >= this.last ? null : this.film.iterations[index];
    this.draw();
    this.tell();
  }

  /* Curves of the same group move with the reel, and it with them. */
  tell() {
    const detail = { group: this.group, from: this, iteration: this.iteration };
    window.dispatchEvent(new CustomEvent("leaklab:cursor", { detail }));
  }

  follow(iteration) {
    if (!this.film?.frames) return;
    this.rest();
    this.iteration = iteration === null || iteration >= end(this.film) ? null : iteration;
    this.draw();
  }

  start() {
    if (!this.film?.frames) return;
    if (this.index === this.last) this.stand(0);
    const pace = Math.min(450, Math.max(70, 7000 / this.film.frames));
    this.timer = setInterval(() => {
      this.stand(this.index + 1);
      if (this.index >= this.last) this.rest();
    }, pace);
    this.refresh();
  }

  rest() {
    clearInterval(this.timer);
    this.timer = null;
    if (this.film) this.controls();
  }

  /* Draw everything anew: another film, or another size. */
  refresh() {
    if (!this.film || !this.root.isConnected) return;
    this.settle(this.film);
    this.moments();
    this.draw();
  }

  draw() {
    const film = this.film, some = film.frames > 0 && film.sheet;
    this.truth.classList.toggle("empty", !film.truth);
    this.guess.classList.toggle("empty", !some);
    if (film.truth) this.picture(this.truth, film.truth, 0, film.captions[0]);
    if (some) this.picture(this.guess, film.sheet, this.index, `${film.captions[1]}, ${this.words(this.index)}`);
    this.controls();
  }

  controls() {
    const film = this.film, none = !film.frames, index = none ? 0 : this.index;
    const does = this.timer ? "Pause" : !none && index === this.last ? "Replay" : "Play";
    this.play.querySelector("span").textContent = does;
    this.play.querySelector("path").setAttribute("d", ICONS[does]);
    this.play.disabled = this.scrub.disabled = film.frames < 2;
    this.scrub.max = Math.max(0, this.last);
    this.scrub.value = index;
    const words = none ? "" : this.words(index);
    this.scrub.setAttribute("aria-valuetext", words);
    this.now.textContent = words;
    const follows = this.iteration === null && !this.timer;
    this.live.hidden = !film.live;
    this.live.setAttribute("aria-pressed", follows);
    this.live.querySelector("span").textContent = follows ? "Live" : "Back to live";
    const buttons = [...this.strip.children];
    const near = buttons.reduce((best, b) => (Math.abs(b.dataset.index - index) < Math.abs(best - index) ? +b.dataset.index : best), -1e9);
    for (const button of buttons) button.setAttribute("aria-current", +button.dataset.index === near);
  }

  words(index) {
    const finite = (this.film.psnr[index] ?? []).filter((value) => value !== null);
    const told = `${this.film.counted ?? "iteration"} ${this.film.iterations[index]}`;
    if (!finite.length) return told;
    const mean = finite.reduce((a, b) => a + b) / finite.length;
    if (finite.length === 1) return `${told} · PSNR ${mean.toFixed(1)} dB`;
    return `${told} · PSNR ${mean.toFixed(1)} dB (${Math.min(...finite).toFixed(0)} to ${Math.max(...finite).toFixed(0)})`;
  }

  /* As many moments as fit in a row, evenly over the film; each a button with its picture. */
  moments() {
    const film = this.film, [width, height] = this.thumb, count = film.sheet ? Math.min(this.slots, film.frames) : 0;
    this.root.style.setProperty("--run", `calc(${(count - 1) * (width + GAP)}px + var(--knob))`);
    while (this.strip.children.length > count) this.strip.lastChild.remove();
    while (this.strip.children.length < count) this.strip.append(moment());
    [...this.strip.children].forEach((button, slot) => {
      const index = count > 1 ? Math.round((slot * (film.frames - 1)) / (count - 1)) : 0;
      button.dataset.index = index;
      button.lastChild.textContent = film.iterations[index];
      button.setAttribute("aria-label", `Jump to ${this.words(index)}`);
      this.small(button.firstChild, index, width, height);
    });
  }

  picture(figure, sheet, index, words) {
    const canvas = figure.querySelector("canvas"), mat = canvas.parentElement, [width, height] = this.board;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.paint(canvas, sheet, index);
    canvas.setAttribute("aria-label", words);
    // Whole screen pixels a picture pixel, unless that would waste more than a seventh of the box.
    const dots = window.devicePixelRatio || 1, whole = (Math.floor((mat.clientWidth * dots) / width) * width) / dots;
    const wide = whole >= mat.clientWidth * 0.86 ? whole : mat.clientWidth;
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${(wide * height) / width}px`;
  }

  paint(canvas, sheet, index) {
    const { tile: [height, width], tiles, columns } = this.film, gap = this.gap, pen = canvas.getContext("2d");
    const across = Math.max(1, Math.floor(sheet.naturalWidth / (tiles * width)));
    const left = (index % across) * tiles * width, top = Math.floor(index / across) * height;
    pen.imageSmoothingEnabled = false;
    for (let t = 0; t < tiles; t++)
      pen.drawImage(sheet, left + t * width, top, width, height,
        (t % columns) * (width + gap), Math.floor(t / columns) * (height + gap), width, height);
  }

  small(canvas, index, width, height) {
    const [full_w, full_h] = this.board, dots = window.devicePixelRatio || 1;
    this.scratch ??= document.createElement("canvas");
    [this.scratch.width, this.scratch.height] = [full_w, full_h];
    this.paint(this.scratch, this.film.sheet, index);
    [canvas.width, canvas.height] = [width * dots, height * dots];
    const pen = canvas.getContext("2d"), scale = Math.min(canvas.width / full_w, canvas.height / full_h);
    pen.imageSmoothingEnabled = scale < 1;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.scratch, (canvas.width - full_w * scale) / 2, (canvas.height - full_h * scale) / 2, full_w * scale, full_h * scale);
  }
}

const end = (film) => film.iterations[film.frames - 1] ?? -1;

function moment() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "moment";
  button.tabIndex = -1;      // the slider is the keyboard's way: thirty more stops would be in the way
  button.append(document.createElement("canvas"), document.createElement("span"));
  button.firstChild.setAttribute("aria-hidden", "true");
  return button;
}

async function decoded(uri) {
  if (!uri) return null;
  const image = new Image();
  image.src = uri;
  await image.decode();
  return image;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".reel");
  const reel = (root.reel ??= new Reel(root));   // the node outlives reruns, and with it where the visitor stands
  reel.receive(data);
  return () => reel.leave();
}
