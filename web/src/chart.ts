/** The picture of an engine's map: a point for each game, arrows to where params lead, a cross for where one is. */

import { name, place, way, type Atlas, type Place } from "./atlas";
import { need, write } from "./dom";
import type { Param } from "./simulator";

/** The size of the picture in its own units, and what stays free around the points, as a share of where they are. */
const [WIDTH, HEIGHT, MARGIN] = [400, 300, 0.12];
/** A pointer that is so near a point, in those units, means it. */
const NEAR = 9;
/** So far a pointer moves before it drags. */
const STILL = 4;
/** Arrow keys move by such a share of the picture, with Shift by the second. */
const [STEP, LEAP] = [0.02, 0.1];
/** How far the longest arrow reaches, in units; shorter ones keep their lengths to it. */
const LONG = 110;
/** A name takes about so much room, in units. */
const [LETTERS, LINE] = [70, 12];
/** Colours of numbers, from low to high, and of the values of a choice. */
const RAMP = [[74, 126, 224], [53, 205, 170], [250, 228, 92]] as const;
const CHOICES = ["#56b4e9", "#f0ab1e", "#35d3a8", "#ff8a66", "#f0e442", "#d08fc0", "#ffffff", "#8f9bb0"];

type Shape = "circle" | "line" | "text" | "g";
type Attributes = Readonly<Record<string, string | number>>;

/** A new shape for the picture, in its namespace: the page names no address, not even one that is never asked. */
function drawn<K extends Shape>(kind: K, attributes: Attributes): SVGElementTagNameMap[K] {
  const { namespaceURI } = need("atlas-map", SVGSVGElement);
  const shape = document.createElementNS(namespaceURI, kind) as SVGElementTagNameMap[K];
  for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, String(value));
  return shape;
}

function within(value: number, end: number): number {
  return Math.min(Math.max(value, 0), end);
}

function apart([x, y]: Place, [left, top]: Place): number {
  return Math.hypot(x - left, y - top);
}

/** From places to the picture and back; whatever the distances are, the points fill it both ways. */
class View {
  private readonly middle: Place;
  private readonly scale: Place;

  constructor(places: readonly Place[]) {
    const span = (axis: 0 | 1): Place => [
      places.reduce((least, each) => Math.min(least, each[axis]), 0),
      places.reduce((most, each) => Math.max(most, each[axis]), 0),
    ];
    const [[left, right], [low, high]] = [span(0), span(1)];
    this.middle = [(left + right) / 2, (low + high) / 2];
    const room = 1 + 2 * MARGIN;
    this.scale = [WIDTH / room / (right - left || 1), -HEIGHT / room / (high - low || 1)];
  }

  to([x, y]: Place): Place {
    return [WIDTH / 2 + (x - this.middle[0]) * this.scale[0], HEIGHT / 2 + (y - this.middle[1]) * this.scale[1]];
  }

  from([x, y]: Place): Place {
    return [(x - WIDTH / 2) / this.scale[0] + this.middle[0], (y - HEIGHT / 2) / this.scale[1] + this.middle[1]];
  }

  /** A way instead of a place. */
  along([x, y]: Place): Place {
    return [x * this.scale[0], y * this.scale[1]];
  }
}

/** What a hand does to the picture. */
export interface Hands {
  /** A pointer took a game. */
  take(game: number): void;
  /** One goes to a place; `pointed`: with a pointer. */
  go(place: Place, pointed: boolean): void;
  /** Enter takes the game that is nearest. */
  enter(): void;
  /** A pointer is at a game, or at none. */
  point(game: number | null): void;
}

export class Chart {
  private readonly picture = need("atlas-map", SVGSVGElement);
  private readonly view: View;
  private readonly places: readonly Place[];
  private readonly points: readonly SVGCircleElement[];
  private readonly arrows: readonly SVGGElement[];
  private readonly cross = drawn("g", { class: "cross" });
  private readonly marks = ["A", "B"].map((letter) => {
    const mark = drawn("text", { class: "mark" });
    write(mark, letter);
    return mark;
  });
  private here: Place = [0, 0];
  private pressed: Place | null = null;
  private drags = false;
  private pointed: number | null = null;

  constructor(
    private readonly atlas: Atlas,
    params: readonly Param[],
    private readonly hands: Hands,
  ) {
    const places = atlas.games.map((game) => place(atlas, game.vector));
    this.view = new View(places);
    this.places = places.map((each) => this.view.to(each));
    this.points = this.places.map(([cx, cy], game) =>
      drawn("circle", { cx, cy, r: 4.5, class: atlas.games[game]?.learned ? "learned" : "unseen" }),
    );
    this.arrows = this.drawArrows(atlas.directions.map(({ column }) => name(params[column])));
    this.cross.append(
      drawn("line", { x1: -14, x2: 14, y1: 0, y2: 0 }), drawn("line", { x1: 0, x2: 0, y1: -14, y2: 14 }),
      drawn("circle", { cx: 0, cy: 0, r: 8 }),
    );
    this.picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.picture.replaceChildren(...this.points, ...this.arrows, ...this.marks, this.cross);
    this.listen();
  }

  /** Which direction has the longest arrow. */
  get longest(): number {
    const lengths = this.atlas.directions.map((each) => apart(this.view.along(way(this.atlas, each)), [0, 0]));
    return Math.max(lengths.indexOf(Math.max(...lengths)), 0);
  }

  /** Colours the points by the param of a direction. */
  tint(direction: number): void {
    const { column = 0, values = [] } = this.atlas.directions[direction] ?? {};
    const all = this.atlas.games.map((game) => game.params[column] ?? 0);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    this.points.forEach((point, game) => {
      const value = all[game] ?? 0;
      const choice = CHOICES[values.indexOf(value) % CHOICES.length] ?? "none";
      const colour = values.length ? choice : ramp((value - low) / (high - low || 1));
      point.setAttribute("fill", colour);
      point.setAttribute("stroke", colour);
    });
  }

  /** Puts the cross at a place, and the letters A and B at two games. */
  show(spot: Place, marked: readonly number[]): void {
    const [x, y] = this.view.to(spot);
    this.here = [within(x, WIDTH), within(y, HEIGHT)];
    this.cross.setAttribute("transform", `translate(${this.here.join(" ")})`);
    this.marks.forEach((mark, number) => {
      const [x, y] = this.places[marked[number] ?? 0] ?? [0, 0];
      mark.setAttribute("x", String(x + 6));
      mark.setAttribute("y", String(y + (number ? 12 : -5)));
    });
  }

  /** Shows the arrow of a direction before all others, or no more. */
  raise(direction: number, on: boolean): void {
    this.arrows[direction]?.classList.toggle("on", on);
  }

  /** Where each param leads from the middle. A name that others would cover is shown when its arrow is raised. */
  private drawArrows(names: readonly string[]): SVGGElement[] {
    const ways = this.atlas.directions.map((each) => this.view.along(way(this.atlas, each)));
    const times = LONG / Math.max(...ways.map((each) => apart(each, [0, 0])), 1e-9);
    const [x1, y1] = this.view.to([0, 0]);
    const taken: Place[] = [];
    return ways.map(([x, y], number) => {
      const [x2, y2] = [x1 + x * times, y1 + y * times];
      const arrow = drawn("g", { class: "arrow" });
      const label = drawn("text", { x: x2 + (x < 0 ? -5 : 5), y: y2 + 4, "text-anchor": x < 0 ? "end" : "start" });
      write(label, names[number] ?? "");
      arrow.append(drawn("line", { x1, y1, x2, y2 }), drawn("circle", { cx: x2, cy: y2, r: 2.5 }), label);
      const covered = apart([x2, y2], [x1, y1]) < LINE
        || taken.some(([left, top]) => Math.abs(top - y2) < LINE && Math.abs(left - x2) < LETTERS);
      arrow.classList.toggle("covered", covered);
      if (!covered) taken.push([x2, y2]);
      return arrow;
    });
  }

  private listen(): void {
    const { picture } = this;
    picture.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the keys stay with the game
      picture.setPointerCapture(event.pointerId);
      [this.pressed, this.drags] = [this.at(event), false];
      const game = this.near(this.pressed);
      if (game === null) this.hands.go(this.view.from(this.pressed), true);
      else this.hands.take(game);
    });
    picture.addEventListener("pointermove", (event) => {
      const at = this.at(event);
      this.drags ||= this.pressed !== null && apart(at, this.pressed) > STILL;
      if (this.drags) this.hands.go(this.view.from(at), true);
      else this.point(this.near(at));
    });
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      picture.addEventListener(kind, () => {
        [this.pressed, this.drags] = [null, false];
      });
    }
    picture.addEventListener("pointerleave", () => {
      this.point(null);
    });
    picture.addEventListener("keydown", (event) => {
      if (!this.key(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Whether it is a key of the map's own; all others are the game's. */
  private key({ key, shiftKey }: KeyboardEvent): boolean {
    const step = shiftKey ? LEAP : STEP;
    const moves: Readonly<Record<string, Place>> = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
    };
    const move = moves[key];
    if (key === "Enter") this.hands.enter();
    else if (move) {
      const [x, y] = this.here;
      this.hands.go(this.view.from([within(x + move[0] * WIDTH, WIDTH), within(y + move[1] * HEIGHT, HEIGHT)]), false);
    }
    return key === "Enter" || move !== undefined;
  }

  /** Where a pointer is, in units of the picture. */
  private at({ clientX, clientY }: PointerEvent): Place {
    const { left, top, width, height } = this.picture.getBoundingClientRect();
    return [within(((clientX - left) / width) * WIDTH, WIDTH), within(((clientY - top) / height) * HEIGHT, HEIGHT)];
  }

  /** The game whose point is near. */
  private near(at: Place): number | null {
    const far = this.places.map((each) => apart(each, at));
    const least = Math.min(...far);
    return least <= NEAR ? far.indexOf(least) : null;
  }

  private point(game: number | null): void {
    if (game === this.pointed) return;
    this.pointed = game;
    this.points.forEach((point, number) => point.classList.toggle("pointed", number === game));
    this.hands.point(game);
  }
}

/** The colour of a share of the way from low to high. */
function ramp(share: number): string {
  const half = Math.min(Math.floor(share * 2), 1);
  const [from, to] = [RAMP[half] ?? RAMP[0], RAMP[half + 1] ?? RAMP[2]];
  const mixed = from.map((each, channel) => Math.round(each + ((to[channel] ?? 0) - each) * (share * 2 - half)));
  return `rgb(${mixed.join()})`;
}
