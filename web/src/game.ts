/** The page at work: a session under the hands of one who plays. */

import { button, download, hidden, input, labelled, made, need, option, select, write } from "./dom";
import { Inspector } from "./inspector";
import { Held, padCodes } from "./keys";
import { Pace, SPEEDS } from "./pace";
import { Screen } from "./screen";
import { Seats } from "./seats";
import { Session } from "./session";
import type { Backend } from "./simulator";

/** At full speed the screen is redrawn after so many ms. */
const BURST = 12;
/** A machine that is too slow for the speed asked still redraws after so many ms. */
const LONGEST = 100;
/** While it plays, what is inside is shown anew after so many ms. */
const INSIDE = 250;
/** Seeds are below it. */
const SEEDS = 2 ** 32;

export class Game<S> {
  readonly session: Session<S>;
  private readonly held: Held;
  private readonly screen: Screen<S>;
  private readonly seats: Seats<S>;
  private readonly pace = new Pace();
  private readonly inspector: Inspector;
  private playing = false;
  /** The end of all that was asked for so far: one thing is done after the other. */
  private queue: Promise<void> = Promise.resolve();
  /** Work that is still to begin, by name: of several the last counts. */
  private readonly wanted = new Map<string, () => Promise<void>>();
  private padded: string[] = [];
  private inside = 0;

  constructor(private readonly backend: Backend<S>) {
    this.session = new Session(backend.truth, backend.dream);
    this.held = new Held(this.session.spec);
    this.screen = new Screen(backend, this.session);
    this.seats = new Seats(this.session, this.held, backend.players);
    this.inspector = new Inspector((field, index, value) => {
      this.pause();
      this.latest("change", () => this.session.change(field, index, value));
    });
    this.offer();
    this.bindKeys();
    this.bindButtons();
  }

  /** Begins the first game and keeps the screen going from then on. */
  async begin(): Promise<void> {
    await this.restart();
    void this.run();
  }

  pause(): void {
    this.playing = false;
    this.pace.stop();
    write(button("play"), "Play");
  }

  /** Plays on from the tick that is shown. */
  play(): void {
    hidden(button("start"), true);
    this.held.settle();
    this.playing = true;
    write(button("play"), "Pause");
  }

  private toggle(): void {
    if (this.playing) this.pause();
    else this.play();
    void this.enqueue(() => Promise.resolve());
  }

  /** Does `work` after all that was asked before, and shows what came of it. What goes wrong is told in the page. */
  private enqueue(work: () => Promise<unknown>): Promise<void> {
    this.queue = this.queue.then(work).then(
      () => this.show(),
      (reason: unknown) => {
        this.pause();
        const problem = need("problem", HTMLElement);
        write(problem, reason instanceof Error ? reason.message : String(reason));
        hidden(problem, false);
      },
    );
    return this.queue;
  }

  private latest(name: string, work: () => Promise<void>): void {
    const waits = this.wanted.has(name);
    this.wanted.set(name, work);
    if (waits) return;
    void this.enqueue(() => {
      const newest = this.wanted.get(name);
      this.wanted.delete(name);
      return newest?.() ?? Promise.resolve();
    });
  }

  private async show(): Promise<void> {
    hidden(need("problem", HTMLElement), true);
    this.screen.draw(this.playing ? this.pace.rate : null);
    const { dream, dreamState } = this.session;
    const now = performance.now();
    if (!dream?.fields || dreamState === null || !this.inspector.open) return;
    if (this.playing && now - this.inside < INSIDE) return;
    this.inside = now;
    this.inspector.show(await dream.fields(dreamState));
  }

  private async run(): Promise<never> {
    for (;;) {
      const now = await new Promise(requestAnimationFrame);
      this.readPads();
      if (this.playing) await this.enqueue(() => this.playDue(now));
    }
  }

  private async playDue(now: number): Promise<void> {
    const due = this.pace.due(now);
    const until = performance.now() + (Number.isFinite(due) ? LONGEST : BURST);
    let ticks = 0;
    while (ticks < due && this.playing && performance.now() < until) {
      if (this.session.over) {
        this.pause();
        return;
      }
      await this.session.step(this.held.read());
      ticks++;
    }
    this.pace.played(now, ticks);
  }

  private readPads(): void {
    const codes = padCodes(navigator.getGamepads(), this.session.spec, this.seats.people);
    for (const code of this.padded) if (!codes.includes(code)) this.held.release(code);
    for (const code of codes) if (!this.padded.includes(code)) this.held.press(code);
    this.padded = codes;
  }

  private async restart(): Promise<void> {
    const seed = Math.min(Math.max(Math.round(Number(input("seed").value)), 0), SEEDS - 1);
    const fixed = this.fixed();
    this.held.clear();
    await this.enqueue(async () => {
      await this.session.restart(await this.session.drawn(seed, fixed), seed);
    });
  }

  /** The params that one who plays has chosen. */
  private fixed(): Map<string, number> {
    const boxes = need("param-list", HTMLElement).querySelectorAll("input");
    return new Map([...boxes].filter(({ value }) => value !== "").map(({ name, value }) => [name, Number(value)]));
  }

  private bindKeys(): void {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isControl(event.target)) return;
      if (this.held.press(event.code)) event.preventDefault();
      else if (!event.repeat) this.shortcut(event);
    });
    document.addEventListener("keyup", ({ code }) => {
      this.held.release(code);
    });
    window.addEventListener("blur", () => {
      this.held.clear();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.pause();
    });
    // A slider or list that was used with a pointer would keep the arrow keys for itself.
    document.addEventListener("pointerup", () => {
      const { activeElement } = document;
      if (activeElement instanceof HTMLInputElement && activeElement.type === "range") activeElement.blur();
    });
  }

  private shortcut(event: KeyboardEvent): void {
    const onButton = event.target instanceof HTMLButtonElement || event.target instanceof HTMLElement
      && event.target.closest("summary") !== null;
    const meant: Readonly<Record<string, () => void>> = {
      " ": () => {
        this.toggle();
      },
      ".": () => {
        this.one();
      },
      ",": () => {
        this.seek(this.session.tick - 1);
      },
    };
    const act = meant[event.key];
    if (!act || (onButton && event.key === " ")) return;
    event.preventDefault();
    act();
  }

  private one(): void {
    this.pause();
    hidden(button("start"), true);
    void this.enqueue(() => this.session.step(this.held.read()));
  }

  private seek(tick: number): void {
    this.pause();
    this.latest("rewind", () => this.session.rewind(tick));
  }

  private bindButtons(): void {
    const press = (id: string, act: () => void): void => {
      button(id).addEventListener("click", act);
    };
    press("play", () => {
      this.toggle();
    });
    press("start", () => {
      this.toggle();
      button("play").focus({ preventScroll: true });
    });
    press("step", () => {
      this.one();
    });
    press("back", () => {
      this.seek(this.session.tick - 1);
    });
    press("again", () => void this.restart());
    press("anchor", () => void this.enqueue(() => this.session.reanchor()));
    press("save", () => {
      this.pause();
      void this.enqueue(() => this.save());
    });
    press("gif", () => {
      this.pause();
      void this.enqueue(() => this.saveGif());
    });
    press("other", () => {
      input("seed").value = String(Math.floor(Math.random() * SEEDS));
      void this.restart();
    });
    need("begin", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.restart();
    });
    input("time").addEventListener("input", () => {
      this.seek(Number(input("time").value));
    });
    need("inspector", HTMLDetailsElement).addEventListener("toggle", () => void this.enqueue(() => Promise.resolve()));
  }

  private async save(): Promise<void> {
    const done = need("done", HTMLElement);
    write(done, "Saving \u2026");
    write(done, (await this.backend.save?.(this.session.replay)) ?? "");
  }

  private async saveGif(): Promise<void> {
    const done = need("done", HTMLElement);
    if (this.session.changed) throw new Error("The dream was changed by hand, and a GIF is made from the keys alone.");
    write(done, "Drawing \u2026");
    const picture = await this.backend.gif?.(this.session.replay, this.session.anchors);
    if (picture) download(picture, `${this.session.spec.name}.gif`, "image/gif");
    write(done, "The GIF is in your downloads.");
  }

  /** Shows the controls for what is possible here. */
  private offer(): void {
    const { backend, session } = this;
    hidden(button("anchor"), !session.truth || !session.dream?.observe);
    hidden(button("save"), !backend.save);
    hidden(button("gif"), !backend.gif || !session.dream);
    hidden(need("inspector", HTMLElement), !session.dream?.fields);
    this.offerParams();
    this.offerSpeeds();
  }

  private offerParams(): void {
    const spec = (this.backend.truth ?? this.backend.dream)?.spec;
    hidden(need("params", HTMLElement), !this.backend.params || !spec?.params.length);
    need("param-list", HTMLElement).replaceChildren(
      ...(spec?.params ?? []).map((param) => {
        const box = made("input");
        [box.type, box.name, box.min, box.max] = ["number", param.name, String(param.low), String(param.high)];
        box.step = param.kind === "integer" || param.kind === "choice" ? "1" : "any";
        box.placeholder = param.drawn ? `${param.low}..${param.high}` : String(param.default);
        const row = labelled(param.name.replaceAll("_", " "), box);
        row.title = param.doc;
        return row;
      }),
    );
  }

  private offerSpeeds(): void {
    const usual = this.backend.ticksPerSecond;
    const speeds = [...new Set([...SPEEDS, usual])].sort((one, other) => one - other);
    const list = select("speed");
    list.append(...speeds.map((speed) => option(`${speed} ticks/s`, String(speed))), option("as fast as it can", "Infinity"));
    list.value = String(usual);
    this.pace.speed = usual;
    list.addEventListener("change", () => {
      this.pace.speed = Number(list.value);
      this.pace.stop();
    });
  }
}

/** Whether keys belong to the element itself. */
function isControl(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLElement && target.id === "map";
}
