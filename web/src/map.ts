/** The map of an engine's games under the hands of one who plays: a picture, a slider for each direction, two lists. */

import { name, nearest, place, plain, Spot, words, type Atlas, type AtlasGame, type Direction } from "./atlas";
import { Chart } from "./chart";
import { button, hidden, labelled, made, need, option, select, write } from "./dom";
import type { Param } from "./simulator";

/** In how many steps a slider crosses the range of its param. */
const STEPS = 100;

interface Slope {
  readonly control: HTMLInputElement | HTMLSelectElement;
  readonly told: HTMLOutputElement;
}

export class GameMap {
  private readonly spot: Spot;
  private readonly chart: Chart;
  private readonly slopes: readonly Slope[];
  /** Two games, of which the first is the one that was taken last. */
  private readonly picks = [select("pick-a"), select("pick-b")] as const;
  /** Whether one went somewhere that `taken` has not handed on. */
  private ahead = false;
  private shown = "";
  private pointed: number | null = null;

  /** `go` is called when one goes somewhere else, with whether a pointer did it; `taken` says where to. */
  constructor(
    private readonly atlas: Atlas,
    private readonly params: readonly Param[],
    private readonly go: (pointed: boolean) => void,
  ) {
    this.spot = new Spot(atlas);
    this.chart = new Chart(atlas, params, {
      take: (game) => {
        this.take(game);
        this.moved(true);
      },
      go: (place, pointed) => {
        this.spot.go(place);
        this.moved(pointed);
      },
      enter: () => {
        this.take(nearest(atlas, this.spot.vector).game);
        this.moved();
      },
      point: (game) => {
        this.pointed = game;
        this.tell();
      },
    });
    this.slopes = atlas.directions.map((_, number) => this.slope(number));
    this.offer();
    this.bind();
    hidden(need("atlas", HTMLElement), false);
    need("game", HTMLElement).classList.add("mapped");
  }

  /** The params of the game that is nearest to where one is: the one to begin with. */
  get begins(): readonly number[] {
    return this.game(nearest(this.atlas, this.spot.vector).game).params;
  }

  /** The vector where one is now; until one goes on, it is what is played. */
  taken(): number[] {
    this.ahead = false;
    return this.spot.vector;
  }

  /** Shows where the game is that is played, unless one is on the way to somewhere else. */
  show(vector: readonly number[]): void {
    const own = this.spot.vector;
    if (!this.ahead && vector.some((each, at) => each !== own[at])) this.spot.take(vector);
    this.draw();
  }

  private game(number: number): AtlasGame {
    const game = this.atlas.games[number];
    if (!game) throw new Error(`the map has no game ${number}`);
    return game;
  }

  /** Takes a game, and keeps the one that was taken before beside it. */
  private take(game: number): void {
    this.spot.take(this.game(game).vector);
    const [one, other] = this.picks;
    if (one.value !== String(game)) [other.value, one.value] = [one.value, String(game)];
  }

  private moved(pointed = false): void {
    this.ahead = true;
    this.draw();
    this.go(pointed);
  }

  private draw(): void {
    const { spot } = this;
    const marked = this.picks.map(({ value }) => Number(value));
    const now = [...spot.vector, ...marked].join();
    if (now === this.shown) return;
    this.shown = now;
    this.chart.show(spot.place, marked);
    this.slopes.forEach(({ control, told }, number) => {
      const reading = plain(spot.reading(number));
      if (control !== document.activeElement) control.value = String(spot.slider(number));
      control.setAttribute("aria-valuetext", reading);
      write(told, reading);
    });
    button("level").disabled = !spot.slid;
    this.tell();
  }

  /** Says at which game a pointer is, or where one is. */
  private tell(): void {
    const { game, exact } = nearest(this.atlas, this.spot.vector);
    const told = this.pointed ?? game;
    const here = exact ? "Here: game" : "Between the games; the nearest is";
    const known = this.game(told).learned ? "learned" : "never seen";
    const said = `${this.pointed === null ? here : "Game"} ${told + 1} (${known}): `;
    write(need("spot", HTMLElement), said + words(this.atlas, this.params, this.game(told)));
  }

  /** One row of the list of directions: what the param is, its slider, and what it reads as. */
  private slope(number: number): Slope {
    const direction = this.atlas.directions[number];
    const param = this.params[direction?.column ?? -1];
    if (!direction || !param) throw new Error(`the map has no direction ${number}`);
    const [control, told, row] = [slider(direction, param), made("output"), made("div")];
    control.addEventListener("input", () => {
      this.spot.slide(number, Number(control.value));
      this.moved();
    });
    row.className = "slope";
    const fit = direction.score === null ? "" : ` \u00b7 R\u00b2 ${direction.score.toFixed(2)}`;
    row.append(labelled(name(param), control), told, made("span", param.doc + fit));
    for (const [kind, on] of [["pointerenter", 1], ["pointerleave", 0], ["focusin", 1], ["focusout", 0]] as const) {
      row.addEventListener(kind, () => {
        this.chart.raise(number, on === 1);
      });
    }
    need("slopes", HTMLElement).append(row);
    return { control, told };
  }

  /** Fills the lists, and begins at the learned game that is nearest to the middle. */
  private offer(): void {
    const { atlas, params } = this;
    const learned = atlas.games.filter((game) => game.learned).length;
    const unseen = atlas.games.length - learned;
    const [across, up] = atlas.shares.map((share) => `${(100 * share).toFixed(0)} %`);
    write(need("atlas-lead", HTMLElement),
      `Each point is a game, a vector of which the network makes its weights: ${learned} that it learned`
      + `${unseen ? ` (filled) and ${unseen} that it never saw (rings)` : ""}. Of what tells them apart the map holds`
      + ` ${across ?? ""} from left to right and ${up ?? ""} from bottom to top.`);
    for (const list of this.picks) {
      list.append(...atlas.games.map((game, at) => option(`${at + 1}: ${words(atlas, params, game)}`, String(at))));
    }
    const tint = select("tint");
    tint.append(...atlas.directions.map(({ column }, number) => option(name(params[column]), String(number))));
    tint.value = String(this.chart.longest);
    this.chart.tint(Number(tint.value));
    const far = ({ vector, learned }: AtlasGame): number => (learned ? Math.hypot(...place(atlas, vector)) : Infinity);
    const middle = atlas.games.reduce((best, game) => (far(game) < far(best) ? game : best));
    this.take(atlas.games.indexOf(middle));
    this.draw();
  }

  private bind(): void {
    const tint = select("tint");
    tint.addEventListener("change", () => {
      this.chart.tint(Number(tint.value));
    });
    for (const list of this.picks) {
      list.addEventListener("change", () => {
        this.spot.take(this.game(Number(list.value)).vector);
        this.moved();
      });
    }
    button("average").addEventListener("click", () => {
      const [one = [], other = []] = this.picks.map((list) => this.game(Number(list.value)).vector);
      this.spot.take(one.map((each, at) => (each + (other[at] ?? 0)) / 2));
      this.moved();
    });
    button("level").addEventListener("click", () => {
      this.spot.level();
      this.moved();
    });
  }
}

/** A list for a choice, else a slider over the range of the param. */
function slider({ values }: Direction, { low, high }: Param): HTMLInputElement | HTMLSelectElement {
  if (values.length) {
    const list = made("select");
    list.append(...values.map((each) => option(plain(each), String(each))));
    return list;
  }
  const control = made("input");
  [control.type, control.min, control.max, control.step] = ["range", `${low}`, `${high}`, `${(high - low) / STEPS}`];
  return control;
}
