/** What one who plays sees: frames, figures and the line of time. */

import { hidden, input, made, need, paint, write } from "./dom";
import { shown, shownDifference } from "./frames";
import { claim, lines } from "./provenance";
import type { Session } from "./session";
import type { Backend } from "./simulator";
import { light } from "./trust";

export class Screen<S> {
  private readonly time = input("time");
  private readonly banner = need("banner", HTMLElement);
  private marked = "";

  constructor(
    private readonly backend: Backend<S>,
    private readonly session: Session<S>,
  ) {
    const { truth, dream } = session;
    const both = truth !== null && dream !== null;
    hidden(need("truth", HTMLElement), !truth);
    hidden(need("dream", HTMLElement), !dream);
    hidden(need("difference", HTMLElement), !both);
    hidden(need("right", HTMLElement), !both);
    hidden(need("light", HTMLElement), !dream?.trust);
    need("panels", HTMLElement).classList.toggle("alone", !both);
    document.title = backend.title;
    write(need("title", HTMLElement), backend.title);
    write(need("lead", HTMLElement), `${lead(session)} ${claim(backend.provenance)}`);
    this.tellOrigin();
  }

  /** Draws the tick that is shown. `rate`: ticks a second, lately; null: it stands still. */
  draw(rate: number | null): void {
    const { session } = this;
    const { truth, dream } = session.frames;
    this.frame("truth", truth && shown(truth, session.spec));
    this.frame("dream", dream && shown(dream, session.spec));
    this.frame("difference", truth && dream && shownDifference(truth, dream, session.judge));
    write(need("tick", HTMLElement), session.tick.toLocaleString("en"));
    write(need("rate", HTMLElement), rate === null ? "\u2013" : rate.toFixed(0));
    this.judge();
    [this.time.min, this.time.max] = [String(session.first), String(session.last)];
    this.time.value = String(session.tick);
    this.time.setAttribute("aria-valuetext", `tick ${session.tick} of ${session.last}`);
    this.mark();
  }

  private frame(id: string, picture: Uint8ClampedArray<ArrayBuffer> | null): void {
    const canvas = need(id, HTMLElement).querySelector("canvas");
    if (canvas && picture) paint(canvas, picture, this.session.spec.width);
  }

  private judge(): void {
    const { moment, tick, survival, over } = this.session;
    const differs = moment.apart !== null;
    need("panels", HTMLElement).classList.toggle("differ", differs);
    write(need("right-name", HTMLElement), differs ? "Ticks since they differed" : "Right so far");
    const count = differs ? tick - moment.apart : survival;
    write(need("right-value", HTMLElement), count.toLocaleString("en"));
    write(this.banner, over ? "The game is over. Restart it, or rewind." : this.verdict());
    this.banner.dataset.level = differs ? "bad" : "good";
    const told = light(moment.trust, this.backend.calibration);
    if (!told) return;
    need("light", HTMLElement).dataset.level = told.level;
    write(need("light-text", HTMLElement), told.text);
  }

  /** One sentence that changes seldom: it is read aloud. */
  private verdict(): string {
    const { moment, survival, truth, dream, changed } = this.session;
    const by = changed ? "The dream was changed by hand. " : "";
    if (!truth || !dream) return by.trim();
    if (moment.apart === null) return `${by}Truth and dream are the same, to the last pixel.`;
    return `${by}Truth and dream first differ at tick ${moment.apart}: right for ${survival} ticks.`;
  }

  /** Where the dream went wrong, and where it was corrected. */
  private mark(): void {
    const { session } = this;
    const span = Math.max(session.last - session.first, 1);
    const places = [
      ...session.anchors.map((tick) => ({ tick, kind: "anchor" })),
      ...(session.moment.apart === null ? [] : [{ tick: session.moment.apart, kind: "apart" }]),
    ].map(({ tick, kind }) => ({ kind, place: `${((100 * (tick - session.first)) / span).toFixed(1)}%` }));
    const now = JSON.stringify(places);
    if (now === this.marked) return;
    this.marked = now;
    need("marks", HTMLElement).replaceChildren(
      ...places.map(({ kind, place }) => {
        const mark = made("i");
        mark.className = kind;
        mark.style.left = place;
        return mark;
      }),
    );
  }

  private tellOrigin(): void {
    const rows = lines(this.backend.provenance).map(([name, value]) => {
      const row = made("div");
      row.append(made("dt", name), made("dd", value));
      row.classList.toggle("long", value.length > 60);
      return row;
    });
    const list = need("facts", HTMLElement);
    list.replaceChildren(...rows);
    hidden(list, rows.length === 0);
  }
}

function lead<S>({ truth, dream }: Session<S>): string {
  if (!dream) return "The game itself, as it is recorded and learned.";
  if (!truth) {
    return "Every frame is drawn by a neural network that learned the game from its pixels. There is no game in here.";
  }
  const { opening } = dream.spec;
  const begin = opening ? `The network was shown the first ${opening} frames; since then it dreams on its own` : "It dreams";
  return `${begin}, under the same keys as the game itself.`;
}
