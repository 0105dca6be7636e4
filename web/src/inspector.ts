/** The state of the dream as numbers: a field as a picture, one number of it on a slider, and what it draws. */

import { hidden, input, need, option, paint, select, write } from "./dom";
import { pixelsWrong, shownDifference, snap } from "./frames";
import type { Field, Spec } from "./simulator";

/** Pixels of the picture for each number. */
const CELL = 8;

/** How a field is laid out as pictures: so many layers of rows and columns. */
export interface Grid {
  readonly layers: number;
  readonly rows: number;
  readonly columns: number;
}

/** The last two axes are a picture; a vector is wrapped to be about square. */
export function grid(shape: readonly number[]): Grid {
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (shape.length < 2) {
    const columns = Math.max(Math.ceil(Math.sqrt(size)), 1);
    return { layers: 1, rows: Math.ceil(size / columns), columns };
  }
  const [rows = 1, columns = 1] = shape.slice(-2);
  return { layers: size / (rows * columns), rows, columns };
}

/**
 * RGBA of one layer of numbers, from its least, dark, to its greatest, bright; the chosen one is framed, and what is no
 * finite number is as dark as the least.
 */
export function heat(
  values: readonly (number | null)[], { rows, columns }: Grid, chosen: number,
): Uint8ClampedArray<ArrayBuffer> {
  const finite = values.filter((each) => each !== null);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const picture = new Uint8ClampedArray(rows * columns * CELL * CELL * 4);
  for (let y = 0; y < rows * CELL; y++) {
    for (let x = 0; x < columns * CELL; x++) {
      const cell = Math.floor(y / CELL) * columns + Math.floor(x / CELL);
      const share = high > low ? ((values[cell] ?? low) - low) / (high - low) : 0;
      const edge = cell === chosen && (x % CELL < 2 || y % CELL < 2 || x % CELL >= CELL - 2 || y % CELL >= CELL - 2);
      const colour = edge ? [255, 112, 60] : [21 + 234 * share, 31 + 216 * share, 50 + 178 * share];
      picture.set([...colour, 255], (y * columns * CELL + x) * 4);
    }
  }
  return picture;
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};

export class Inspector {
  private readonly field = select("field");
  private readonly layer = input("slice");
  private readonly index = input("index");
  private readonly value = input("value");
  private readonly slide = input("slide");
  private readonly map = need("map", HTMLCanvasElement);
  private known: readonly Field[] = [];

  /**
   * `change` is called with a field's name, the flat index of a number and what it shall be; `look` when another
   * number was chosen.
   */
  constructor(
    private readonly change: (field: string, index: number, value: number) => void,
    private readonly look: () => void,
  ) {
    this.field.addEventListener("change", () => {
      this.pick(0);
    });
    this.layer.addEventListener("input", () => {
      const { rows, columns, layers } = this.grid;
      const layer = Math.min(Math.max(Math.round(Number(this.layer.value)), 0), layers - 1);
      this.pick((this.at % (rows * columns)) + layer * rows * columns);
    });
    this.index.addEventListener("input", () => {
      this.pick(Math.round(Number(this.index.value)));
    });
    for (const control of [this.value, this.slide]) {
      control.addEventListener("input", () => {
        if (this.chosen && control.value !== "") this.change(this.chosen.name, this.at, Number(control.value));
      });
    }
    this.map.addEventListener("pointerdown", ({ offsetX, offsetY }) => {
      this.point(offsetX, offsetY);
    });
    this.map.addEventListener("keydown", (event) => {
      const move = ARROWS[event.code];
      if (!move) return;
      event.preventDefault();
      this.pick(this.at + move[0] * this.grid.columns + move[1]);
    });
  }

  /** Whether anyone looks: what it shows costs time. */
  get open(): boolean {
    return need("inspector", HTMLDetailsElement).open;
  }

  show(fields: readonly Field[]): void {
    const names = fields.map(({ name }) => name).join();
    if (names !== this.known.map(({ name }) => name).join()) {
      this.field.replaceChildren(...fields.map(({ name, shape }) => option(`${name} [${shape.join(", ")}]`, name)));
    }
    this.known = fields;
    this.choose(this.at);
  }

  /** The number that is chosen, by field and flat index; null while there is none. */
  get number(): { field: Field; index: number } | null {
    return this.chosen ? { field: this.chosen, index: this.at } : null;
  }

  /** Shows the difference of two frames: that for the number's least value, and that for its greatest. */
  showEffect(least: Uint8Array, most: Uint8Array, spec: Spec): void {
    const one = snap(least, spec);
    paint(need("effect", HTMLCanvasElement), shownDifference(one, most, spec), spec.width);
    hidden(need("effect-none", HTMLElement), pixelsWrong(one, most, spec));
  }

  private get chosen(): Field | undefined {
    return this.known.find(({ name }) => name === this.field.value) ?? this.known[0];
  }

  private get grid(): Grid {
    return grid(this.chosen?.shape ?? []);
  }

  private get at(): number {
    return Number(this.index.value);
  }

  private pick(index: number): void {
    this.choose(index);
    this.look();
  }

  private choose(index: number): void {
    const field = this.chosen;
    if (!field) return;
    const { layers, rows, columns } = this.grid;
    const size = field.shape.reduce((product, axis) => product * axis, 1);
    const at = Math.min(Math.max(index || 0, 0), size - 1);
    const layer = Math.floor(at / (rows * columns));
    if (this.index.value !== String(at)) this.index.value = String(at);
    this.index.max = String(size - 1);
    this.layer.max = String(layers - 1);
    this.layer.value = String(layer);
    hidden(need("slice-field", HTMLElement), layers < 2);
    this.showNumber(field, at);
    hidden(this.map, !field.values);
    if (!field.values) return;
    const part = field.values.slice(layer * rows * columns, (layer + 1) * rows * columns);
    paint(this.map, heat(part, { layers, rows, columns }, at - layer * rows * columns), columns * CELL);
  }

  private showNumber(field: Field, at: number): void {
    const number = field.values?.[at];
    this.value.placeholder = number === null ? "NaN" : "";
    const step = field.kind === "real" ? "any" : "1";
    for (const control of [this.value, this.slide]) {
      [control.min, control.max, control.step] = [String(field.least), String(field.most), step];
      if (number !== undefined && document.activeElement !== control) control.value = number?.toString() ?? "";
    }
    const range = `${field.kind}, ${plain(field.least)} to ${plain(field.most)}`;
    write(need("range", HTMLElement), field.values ? range : `${range}; too many numbers to show`);
  }

  private point(x: number, y: number): void {
    const { rows, columns } = this.grid;
    const scale = Math.min(this.map.clientWidth / columns, this.map.clientHeight / rows);
    const column = Math.floor((x - (this.map.clientWidth - scale * columns) / 2) / scale);
    const row = Math.floor((y - (this.map.clientHeight - scale * rows) / 2) / scale);
    if (column < 0 || row < 0 || column >= columns || row >= rows) return;
    this.pick(Math.floor(this.at / (rows * columns)) * rows * columns + row * columns + column);
  }
}

function plain(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}
