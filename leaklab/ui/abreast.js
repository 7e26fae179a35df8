/* Attacks side by side at the same number of evaluations: one cursor for all rows, drawn and moved in the browser alone.
   The server sends for each row a sheet of pictures, which of them it had at each mark, and what is said about it. */

const ICONS = {
  Play: "M7 4v16l13-8z",
  Pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  Replay: "M12 5V1L6.5 6 12 11V7a5.5 5.5 0 1 1-5.5 5.5h-2A7.5 7.5 0 1 0 12 5z",
};
const EVENTS = ["leaklab:cursor", "leaklab:where"];
const DASHES = { solid: "none", dashed: "8 5", dotted: "2 4", dashdot: "9 4 2 4" };
const NARROW = 640, GAP = 4, EDGE = 3;   // pixels of the screen, as in the style sheet
const SMALL = 40, ROOMY = 46;            // a strip's picture, at least

class Abreast {
  constructor(root) {
    this.root = root;
    for (const name of ["play", "now", "live", "scrub", "lines"]) this[name] = root.querySelector("." + name);
    this.mark = null;        // the evaluations the visitor stands at; null: at the newest
    this.sheets = new Map(); // decoded pictures by their address
    this.turn = this.shown = 0;
    this.scrub.oninput = () => this.go(+this.scrub.value);
    this.play.onclick = () => (this.timer ? this.rest() : this.start());
    this.live.onclick = () => this.go(this.last);
    this.lines.onclick = (event) => {
      const moment = event.target.closest(".moment");
      if (moment) this.go(+moment.dataset.index);
    };
    this.sizes = new ResizeObserver(() => this.refresh());
    this.linked = ({ type, detail }) => {
      if (detail.group !== this.data?.group || detail.from === this) return;
      if (type === "leaklab:where") this.tell();
      else this.follow(detail.iteration);
    };
  }

  /* Again after every rerun: whoever left sees no size any more. */
  join() {
    this.sizes.disconnect();
    this.sizes.observe(this.root);
    for (const name of EVENTS) window.addEventListener(name, this.linked);
  }

  leave() {
    this.rest();
    this.sizes.disconnect();
    for (const name of EVENTS) window.removeEventListener(name, this.linked);
  }

  /* Take what the server sent; numbers and pictures change together, once the pictures are decoded. */
  async receive(data) {
    const turn = ++this.turn, uris = [data.truth, ...data.rows.map((row) => row.sheet)].filter(Boolean);
    const found = await Promise.all(uris.map(async (uri) => [uri, this.sheets.get(uri) ?? (await decoded(uri))]));
    if (turn < this.shown) return;
    this.shown = turn;
    if (this.data && data.truth !== this.data.truth) this.rest(), (this.mark = null);
    [this.data, this.sheets] = [data, new Map(found)];
    this.refresh();
  }

  get last() { return this.data.marks.length - 1; }

  get index() {
    if (this.mark === null) return this.last;
    const far = this.data.marks.map((mark) => Math.abs(mark - this.mark));
    return Math.max(0, far.lastIndexOf(Math.min(...far)));
  }

  go(index) {
    this.rest();
    this.stand(index);
  }

  stand(index) {
    this.mark = index >= this.last ? null : this.data.marks[index];
    this.show();
    this.tell();
  }

  /* Curves of the same group move with the rows, and these with them. */
  tell() {
    const detail = { group: this.data.group, from: this, iteration: this.mark };
    window.dispatchEvent(new CustomEvent("leaklab:cursor", { detail }));
  }

  follow(evaluations) {
    this.rest();
    this.mark = evaluations === null || evaluations >= this.data.marks.at(-1) ? null : evaluations;
    this.show();
  }

  start() {
    if (this.last < 1) return;
    if (this.index === this.last) this.stand(0);
    this.timer = setInterval(() => {
      this.stand(this.index + 1);
      if (this.index >= this.last) this.rest();
    }, Math.min(600, Math.max(250, 7000 / this.data.marks.length)));
    this.controls();
  }

  rest() {
    clearInterval(this.timer);
    this.timer = null;
    if (this.data) this.controls();
  }

  /* Draw everything anew: other pictures, or another size. */
  refresh() {
    if (!this.data || !this.root.isConnected) return;
    this.settle();
    const rows = [{ title: this.data.captions, sheet: this.data.truth, truth: true }, ...this.data.rows];
    while (this.lines.children.length > rows.length) this.lines.lastChild.remove();
    while (this.lines.children.length < rows.length) this.lines.append(line());
    rows.forEach((row, number) => this.line(this.lines.children[number], row));
    this.show();
  }

  settle() {
    const { tile: [height, width], tiles, columns } = this.data;
    this.gap = tiles > 1 ? Math.max(1, Math.round(width / 24)) : 0;
    this.board = [columns * (width + this.gap) - this.gap, Math.ceil(tiles / columns) * (height + this.gap) - this.gap];
    const shape = this.board[0] / this.board[1], wide = this.root.clientWidth, narrow = wide <= NARROW;
    const large = Math.min((narrow ? 96 : 128) * Math.min(1.6, Math.max(1, shape)), wide / 2);
    this.root.style.setProperty("--large", `${Math.round(large)}px`);
    const room = narrow ? wide - EDGE : wide - large - 24, least = (narrow ? SMALL : ROOMY) * Math.min(1.6, shape);
    const slots = Math.max(2, Math.floor((room + GAP) / (least + GAP))), shown = Math.min(slots, this.data.marks.length);
    const slot = Math.floor(Math.min(least * 1.5, (room - (shown - 1) * GAP) / shown));
    this.thumb = [slot, Math.round(slot / shape)];
    this.root.style.setProperty("--slot", `${this.thumb[0]}px`);
    this.root.style.setProperty("--thumb", `${this.thumb[1]}px`);
    this.slots = Array.from({ length: shown }, (_, n) => (shown > 1 ? Math.round((n * this.last) / (shown - 1)) : 0));
  }

  /* One row: its line in the curves, its title, and its strip; of the private photographs the strip is the scale. */
  line(node, row) {
    const [svg, title, outcome] = node.querySelector(".head").children, strip = node.querySelector(".strip");
    svg.toggleAttribute("hidden", !row.colour);
    svg.firstChild.setAttribute("stroke", row.colour ?? "none");
    svg.firstChild.setAttribute("stroke-dasharray", DASHES[row.dash ?? "solid"]);
    [title.textContent, outcome.textContent] = [row.title, row.outcome ?? ""];
    node.row = row;
    node.classList.toggle("waiting", !row.sheet && !row.truth);
    node.classList.toggle("truth", Boolean(row.truth));
    node.querySelector(".none").textContent = row.waiting ?? "";
    const moments = row.sheet || row.truth ? this.slots : [];
    while (strip.children.length > moments.length) strip.lastChild.remove();
    while (strip.children.length < moments.length) strip.append(moment());
    moments.forEach((index, slot) => {
      const button = strip.children[slot], [canvas, number] = button.children;
      button.dataset.index = index;
      canvas.hidden = Boolean(row.truth);
      number.textContent = row.truth ? plain(this.data.marks[index]) : "";
      button.setAttribute("aria-label", row.truth ? `${this.data.marks[index]} evaluations` : row.alt[index]);
      if (!row.truth) this.small(canvas, row, index);
    });
  }

  show() {
    if (!this.data) return;
    const index = this.index;
    for (const node of this.lines.children) {
      const row = node.row, canvas = node.querySelector(".large"), some = Boolean(row.sheet && this.sheets.get(row.sheet));
      [canvas.width, canvas.height] = this.board;
      if (some) this.paint(canvas, row, row.truth ? 0 : row.cells[index]);
      canvas.setAttribute("aria-label", row.truth ? row.title : row.alt?.[index] ?? `${row.title}: ${row.waiting}`);
      node.querySelector(".said").textContent = row.truth ? "" : row.said?.[index] ?? "";
      for (const button of node.querySelectorAll(".moment"))
        button.setAttribute("aria-current", this.slots.indexOf(+button.dataset.index) === this.nearest(index));
    }
    this.controls();
  }

  nearest(index) {
    const far = this.slots.map((slot) => Math.abs(slot - index));
    return far.indexOf(Math.min(...far));
  }

  controls() {
    const { marks, live } = this.data, index = this.index, none = marks.length < 2;
    const does = this.timer ? "Pause" : index === this.last ? "Replay" : "Play";
    this.play.querySelector("span").textContent = does;
    this.play.querySelector("path").setAttribute("d", ICONS[does]);
    this.play.disabled = this.scrub.disabled = none;
    [this.scrub.max, this.scrub.value] = [Math.max(0, this.last), index];
    const words = marks.length ? `${plain(marks[index])} evaluation${marks[index] === 1 ? "" : "s"}` : "nothing yet";
    this.scrub.setAttribute("aria-valuetext", words);
    this.now.textContent = marks.length ? `At ${words}` : "";
    const follows = this.mark === null && !this.timer;
    this.live.hidden = !live;
    this.live.setAttribute("aria-pressed", follows);
    this.live.querySelector("span").textContent = follows ? "Live" : "Back to live";
  }

  paint(canvas, row, cell) {
    const { tile: [height, width], tiles, columns } = this.data, sheet = this.sheets.get(row.sheet), gap = this.gap;
    const across = Math.max(1, Math.floor(sheet.naturalWidth / (tiles * width))), pen = canvas.getContext("2d");
    const left = (cell % across) * tiles * width, top = Math.floor(cell / across) * height;
    pen.imageSmoothingEnabled = false;
    for (let t = 0; t < tiles; t++)
      pen.drawImage(sheet, left + t * width, top, width, height,
        (t % columns) * (width + gap), Math.floor(t / columns) * (height + gap), width, height);
  }

  small(canvas, row, index) {
    if (!this.sheets.get(row.sheet)) return;
    const [wide, high] = this.board, [width, height] = this.thumb, dots = window.devicePixelRatio || 1;
    this.scratch ??= document.createElement("canvas");
    [this.scratch.width, this.scratch.height] = [wide, high];
    this.paint(this.scratch, row, row.cells[index]);
    [canvas.width, canvas.height] = [width * dots, height * dots];
    const pen = canvas.getContext("2d"), scale = Math.min(canvas.width / wide, canvas.height / high);
    pen.imageSmoothingEnabled = scale < 1;
    pen.drawImage(this.scratch, (canvas.width - wide * scale) / 2, (canvas.height - high * scale) / 2, wide * scale, high * scale);
  }
}

const plain = (number) => (number >= 10000 ? `${+(number / 1000).toPrecision(3)}k` : `${number}`);

function line() {
  const node = document.createElement("div");
  node.className = "line";
  node.innerHTML = '<div class="head"><svg viewBox="0 0 30 8" aria-hidden="true"><line x1="0" x2="30" y1="4" y2="4" stroke-width="3"/></svg>' +
    '<span></span><small></small></div><canvas class="large" role="img"></canvas><div class="beside"><p class="none"></p><p class="said"></p>' +
    '<div class="strip"></div></div>';
  return node;
}

function moment() {
  const button = document.createElement("button");
  [button.type, button.className, button.tabIndex] = ["button", "moment", -1];   // the slider is the keyboard's way
  button.append(document.createElement("canvas"), document.createElement("span"));
  button.firstChild.setAttribute("aria-hidden", "true");
  return button;
}

async function decoded(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode().catch(() => null);
  return image;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".abreast");
  const abreast = (root.abreast ??= new Abreast(root));   // the node outlives reruns, and with it where the visitor stands
  abreast.join();
  abreast.receive(data);
  return () => abreast.leave();
}
