/* A pad to draw on. Nothing leaves the browser before the drawing is used; then it goes as one PNG. */

const INKS = { black: "#1b1b1b", red: "#d62828", orange: "#f28c28", yellow: "#ffd23f", green: "#2e933c", blue: "#2667b5", white: "#ffffff" };
const WIDTH = 14;   // of the brush: a pixel and a half of the thirty-two the attack looks at

class Pad {
  constructor(root) {
    this.canvas = root.querySelector("canvas");
    this.pen = this.canvas.getContext("2d", { willReadFrequently: true });
    for (const name of ["inks", "undo", "clear", "use"]) this[name] = root.querySelector("." + name);
    this.strokes = [];   // each a colour and its points; drawn anew when one is taken back
    this.ink = "black";
    for (const name of Object.keys(INKS)) this.inks.append(this.swatch(name));
    this.inks.onkeydown = (event) => this.step(event);
    this.canvas.onpointerdown = (event) => this.begin(event);
    this.canvas.onpointermove = (event) => this.follow(event);
    this.canvas.onpointerup = this.canvas.onpointercancel = () => (this.stroke = null);
    this.undo.onclick = () => this.redraw(this.strokes.slice(0, -1));
    this.clear.onclick = () => this.redraw([]);
    this.use.onclick = () => this.send(this.canvas.toDataURL("image/png"));
    this.redraw([]);
  }

  swatch(name) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = name;
    button.style.background = INKS[name];
    button.setAttribute("role", "radio");
    button.setAttribute("aria-label", name);
    button.onclick = () => this.choose(name);
    return button;
  }

  choose(name) {
    this.ink = name;
    for (const button of this.inks.children) {
      button.setAttribute("aria-checked", button.title === name);
      button.tabIndex = button.title === name ? 0 : -1;
    }
  }

  /* A group of radio buttons is one stop of the Tab key, and arrows move within it. */
  step(event) {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const names = Object.keys(INKS), next = (names.indexOf(this.ink) + by + names.length) % names.length;
    this.choose(names[next]);
    this.inks.children[next].focus();
  }

  place({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * this.canvas.width, ((clientY - box.top) / box.height) * this.canvas.height];
  }

  begin(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = { ink: this.ink, points: [this.place(event)] };
    this.strokes.push(this.stroke);
    this.line(this.stroke);
    this.controls();
  }

  follow(event) {
    if (!this.stroke) return;
    this.stroke.points.push(this.place(event));
    this.line({ ink: this.stroke.ink, points: this.stroke.points.slice(-2) });
  }

  line({ ink, points: [first, ...rest] }) {
    Object.assign(this.pen, { strokeStyle: INKS[ink], lineWidth: WIDTH, lineCap: "round", lineJoin: "round" });
    this.pen.beginPath();
    this.pen.moveTo(...first);
    for (const point of rest.length ? rest : [first]) this.pen.lineTo(...point);
    this.pen.stroke();
  }

  redraw(strokes) {
    this.strokes = strokes;
    this.pen.fillStyle = INKS.white;
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    strokes.forEach((stroke) => this.line(stroke));
    this.choose(this.ink);
    this.controls();
  }

  controls() {
    for (const name of ["undo", "clear", "use"]) this[name].disabled = !this.strokes.length;
  }
}

export default function ({ parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".pad");
  root.__pad ??= new Pad(root);
  root.__pad.send = (drawn) => setTriggerValue("drawn", drawn);
}
