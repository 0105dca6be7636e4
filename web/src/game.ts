/** The page at work: a session under the hands of one who plays. */

import { button, download, hidden, input, labelled, made, need, option, select, write } from "./dom";
import { Inspector } from "./inspector";
import { Held, padCodes, pads } from "./keys";
import { GameMap } from "./map";
import { Pace, SPEEDS } from "./pace";
import { Queue } from "./queue";
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
  private readonly map: GameMap | null;
  private playing = false;
  private readonly queue = new Queue(
    () => this.show(),
    (reason) => {
      this.tell(reason);
    },
  );
  private inside = 0;

  constructor(private readonly backend: Backend<S>) {
    this.session = new Session(backend.truth, backend.dream);
    this.held = new Held(this.session.spec);
    this.screen = new Screen(backend, this.session);
    this.seats = new Seats(this.session, this.held, backend.players, backend.own);
    this.inspector = new Inspector(
      (field, index, value) => {
        this.pause();
        this.queue.latest("change", () => this.session.change(field, index, value));
      },
      () => {
        this.queue.latest("look", () => Promise.resolve());
      },
    );
    this.map = this.mapped();
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

  /** The map of an engine's games: the game goes on as the one that is chosen there. */
  private mapped(): GameMap | null {
    const { atlas } = this.backend;
    if (!atlas) return null;
    return new GameMap(atlas, this.session.spec.params, (pointed) => {
      if (pointed && !button("start").hidden) this.play();
      this.queue.latest("place", () => this.place());
    });
  }

  private async place(): Promise<void> {
    if (this.map && this.backend.atlas) await this.session.put(this.backend.atlas.field, this.map.taken());
  }

  private toggle(): void {
    if (this.playing) this.pause();
    else this.play();
    void this.queue.add(() => Promise.resolve());
  }

  /** What went wrong is told in the page. */
  private tell(reason: unknown): void {
    this.pause();
    const problem = need("problem", HTMLElement);
    write(problem, reason instanceof Error ? reason.message : String(reason));
    hidden(problem, false);
  }

  private async show(): Promise<void> {
    hidden(need("problem", HTMLElement), true);
    this.screen.draw(this.playing ? this.pace.rate : null);
    if (this.map && this.backend.atlas) this.map.show(this.session.values(this.backend.atlas.field));
    const now = performance.now();
    if (!this.inspector.open || (this.playing && now - this.inside < INSIDE)) return;
    this.inside = now;
    await this.showInside();
    if (!this.playing) await this.showEffect();
  }

  private async showInside(): Promise<void> {
    const { dream, dreamState } = this.session;
    if (dream?.fields && dreamState !== null) this.inspector.show(await dream.fields(dreamState));
  }

  /** What the chosen number draws; while it plays this would cost too much time. */
  private async showEffect(): Promise<void> {
    const chosen = this.inspector.number;
    if (!chosen || !this.session.dream?.change) return;
    const { name, least, most } = chosen.field;
    const [one, other] = await this.session.imagine(name, chosen.index, [least, most]);
    if (one && other) this.inspector.showEffect(one, other, this.session.judge);
  }

  private async run(): Promise<never> {
    for (;;) {
      const now = await new Promise(requestAnimationFrame);
      this.held.hold(padCodes(pads(navigator), this.session.spec, this.seats.people));
      if (this.playing) await this.queue.add(() => this.playDue(now));
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

  private async restart(): Promise<void> {
    const seed = Math.min(Math.max(Math.round(Number(input("seed").value)), 0), SEEDS - 1);
    const fixed = this.fixed();
    this.held.clear();
    await this.queue.add(async () => {
      await this.session.restart(this.map?.begins ?? (await this.session.drawn(seed, fixed)), seed);
      await this.place();
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
    void this.queue.add(() => this.session.step(this.held.read()));
  }

  private seek(tick: number): void {
    this.pause();
    this.queue.latest("rewind", () => this.session.rewind(tick));
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
    press("anchor", () => void this.queue.add(() => this.session.reanchor()));
    press("save", () => {
      this.pause();
      void this.queue.add(() => this.save());
    });
    press("gif", () => {
      this.pause();
      void this.queue.add(() => this.saveGif());
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
    need("inspector", HTMLDetailsElement).addEventListener("toggle", () => {
      void this.queue.add(() => Promise.resolve());
    });
  }

  private save(): Promise<void> {
    return this.meanwhile("Saving \u2026", async () => (await this.backend.save?.(this.session.replay)) ?? "");
  }

  private saveGif(): Promise<void> {
    return this.meanwhile("Drawing \u2026", async () => {
      const { changed, replay, anchors, spec } = this.session;
      if (changed) throw new Error("The dream was changed by hand, and a GIF is made from the keys alone.");
      const picture = await this.backend.gif?.(replay, anchors);
      if (picture) download(picture, `${spec.name}.gif`, "image/gif");
      return "The GIF is in your downloads.";
    });
  }

  /** Says `words` while `work` goes on, and then what it gave; nothing if it failed. */
  private async meanwhile(words: string, work: () => Promise<string>): Promise<void> {
    const done = need("done", HTMLElement);
    let told = "";
    write(done, words);
    try {
      told = await work();
    } finally {
      write(done, told);
    }
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
