/* The map of a landscape. A cursor stands where the pointer or the arrow keys put it, or on the path of the best restart
   at the iteration of the slider; the picture at that place is truth + x * first axis + y * second axis. */

const SVG = "http://www.w3.org/2000/svg";
const BOX = 1000, STEPS = 40;   // units of the drawing's side; and presses of an arrow key from side to side
const GAP = 1;                  // pixels between the pictures of a batch

class Terrain {
  constructor(root) {
    this.root = root;
    for (const name of ["map", "hill", "names", "place", "read", "hint", "walk", "now", "scrub", "low", "high", "colours"]) {
      this[name] = root.querySelector("." + name);
    }
    this.svg = this.map.querySelector("svg");
    this.turn = 0;
    this.map.onpointermove = this.map.onpointerdown = (event) => this.point(event);
    this.map.onkeydown = (event) => this.step(event);
    this.scrub.oninput = () => this.go(+this.scrub.value);
    this.linked = ({ detail }) => {
      if (detail.group === this.data?.group && detail.from !== this && detail.iteration !== null) this.follow(detail.iteration);
    };
  }

  /* Again after every rerun: the node outlives them, and with it where the visitor stands. */
  join() { window.addEventListener("leaklab:cursor", this.linked); }

  leave() { window.removeEventListener("leaklab:cursor", this.linked); }

  async receive(data) {
    const turn = ++this.turn, { painted } = data, sheets = [data.hill, ...(painted ? [painted.truth, ...painted.axes] : [])];
    const [hill, ...colours] = await Promise.all(sheets.map(decoded));
    if (turn !== this.turn) return;
    const same = this.data && JSON.stringify(this.data.heights) === JSON.stringify(data.heights);
    this.data = data;
    this.mix = colours.map(bytes);
    this.draw(hill);
    this.scrub.max = Math.max(0, data.iterations.length - 1);
    this.walk.hidden = data.iterations.length < 2;
    this.hint.hidden = this.place.hidden = !painted;
    if (!same) this.go(data.iterations.length - 1);
    else if (this.index === null) this.stand(...this.cursor);
    else this.go(this.index);
  }

  draw(hill) {
    const { data } = this, pen = this.hill.getContext("2d");
    [this.hill.width, this.hill.height] = [560, 560];
    pen.imageSmoothingQuality = "high";
    // The outermost losses lie on the rim: half a pixel of the picture hangs over on every side.
    const [across, down] = [560 / (hill.width - 1), 560 / (hill.height - 1)];
    pen.drawImage(hill, -across / 2, -down / 2, 560 + across, 560 + down);
    const others = Object.entries(data.paths).filter(([name]) => name !== data.best);
    const paths = [...others.map(([, path]) => [path, "other"]), [data.paths[data.best] ?? [], "best"]];
    this.svg.replaceChildren(
      ...data.contours.map(({ points, high }) => this.line(points, high ? "contour high" : "contour")),
      ...paths.flatMap(([path, kind]) => [this.line(path, "case"), this.line(path, `path ${kind}`)]),
    );
    this.walkers = Object.keys(data.paths).map((name) => [name, made("walker" + (name === data.best ? " best" : ""))]);
    this.cross = made("cross");
    const marks = data.points.flatMap(({ name, x, y }) => [this.put(made(`mark ${name}`), x, y), this.put(made(`name ${name}`, name), x, y)]);
    this.names.replaceChildren(...marks, ...this.walkers.map(([, walker]) => walker), this.cross);
    this.map.setAttribute("aria-label", data.alt);
    [this.low.textContent, this.high.textContent] = data.range.map((height) => height.toFixed(1));
    this.low.textContent = (data.pit ? "≤ " : "") + this.low.textContent;
    this.colours.style.background = `linear-gradient(to right, ${data.bar.join(", ")})`;
  }

  line(points, kind) {
    const drawn = document.createElementNS(SVG, "polyline");
    drawn.setAttribute("class", kind);
    drawn.setAttribute("points", points.map(([x, y]) => this.share(x, y).map((part) => (part * BOX).toFixed(1)).join(",")).join(" "));
    return drawn;
  }

  /* Where a place of the plane lies in the map, as shares of its sides from the top left. */
  share(x, y) {
    const { x: [left, right], y: [low, high] } = this.data;
    return [(x - left) / (right - left), (high - y) / (high - low)];
  }

  put(element, x, y) {
    const [across, down] = this.share(x, y);
    element.hidden = across < 0 || across > 1 || down < 0 || down > 1;
    Object.assign(element.style, { left: `${100 * across}%`, top: `${100 * down}%` });
    return element;
  }

  point({ clientX, clientY }) {
    const box = this.map.getBoundingClientRect(), { x: [left, right], y: [low, high] } = this.data;
    this.free(left + ((clientX - box.left) / box.width) * (right - left), high - ((clientY - box.top) / box.height) * (high - low));
  }

  step(event) {
    const [right, up] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    if (right === undefined) return;
    event.preventDefault();
    const { x, y } = this.data;
    this.free(this.cursor[0] + (right * (x[1] - x[0])) / STEPS, this.cursor[1] + (up * (y[1] - y[0])) / STEPS);
  }

  free(x, y) {
    this.index = null;
    this.stand(...[[x, this.data.x], [y, this.data.y]].map(([at, [low, high]]) => Math.min(high, Math.max(low, at))));
  }

  /* Every restart at one moment, and the cursor with the best of them. */
  go(index) {
    const { iterations, paths, best, group } = this.data;
    this.index = index;
    this.scrub.value = index;
    const said = iterations.length ? `Iteration ${iterations[index]} of ${iterations.at(-1)}` : "";
    this.now.textContent = said;
    this.scrub.setAttribute("aria-valuetext", said);
    for (const [name, walker] of this.walkers) this.put(walker, ...(paths[name][index] ?? paths[name].at(-1)));
    const place = paths[best]?.[index] ?? paths[best]?.at(-1) ?? [0, 0];
    this.stand(...place);
    window.dispatchEvent(new CustomEvent("leaklab:cursor", { detail: { group, from: this, iteration: iterations[index] ?? null } }));
  }

  follow(iteration) {
    const near = this.data.iterations.findLastIndex((one) => one <= iteration);
    if (near >= 0 && near !== this.index) this.go(near);
  }

  stand(x, y) {
    this.cursor = [x, y];
    this.put(this.cross, x, y);
    this.paint(x, y);
    const height = this.height(x, y), loss = height === null ? "no number" : `10^${height.toFixed(1)}`;
    const where = this.index === null ? "Here" : "Where the best restart stands";
    this.read.textContent = `${where} (${x.toFixed(2)}, ${y.toFixed(2)}): the loss measured nearest is ${loss}.`;
    this.place.setAttribute("aria-label", `The picture at (${x.toFixed(2)}, ${y.toFixed(2)})`);
  }

  /* The height of the nearest corner of the grid; outside of it, and where no loss is a number, none. */
  height(x, y) {
    const [across, down] = this.share(x, y), rows = this.data.heights, columns = rows[0].length;
    return rows[Math.round((1 - down) * (rows.length - 1))]?.[Math.round(across * (columns - 1))] ?? null;
  }

  paint(x, y) {
    const { painted } = this.data;
    if (!painted) return;
    const [truth, first, second] = this.mix, { reach, side, tiles, columns } = painted;
    const mixed = new ImageData(truth.width, truth.height);
    for (let i = 0; i < mixed.data.length; i++) {
      const away = x * reach[0] * (first.data[i] / 127.5 - 1) + y * reach[1] * (second.data[i] / 127.5 - 1);
      mixed.data[i] = i % 4 === 3 ? 255 : truth.data[i] + 255 * away;   // an ImageData keeps to 0 and 255 by itself
    }
    const pen = this.place.getContext("2d"), cell = side + GAP;
    [this.place.width, this.place.height] = [columns * cell - GAP, Math.ceil(tiles / columns) * cell - GAP];
    for (let tile = 0; tile < tiles; tile++) {
      const [left, top] = [(tile % columns) * cell, Math.floor(tile / columns) * cell];
      pen.putImageData(mixed, left - tile * side, top, tile * side, 0, side, side);
    }
  }
}

function made(kind, words = "") {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = words;
  return element;
}

async function decoded(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

function bytes(image) {
  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".terrain");
  const terrain = (root.terrain ??= new Terrain(root));
  terrain.join();
  terrain.receive(data);
  return () => terrain.leave();
}
