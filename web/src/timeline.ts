/**
 * What is known of every tick of a game, from the first to the last that was played.
 *
 * What happened is kept of each tick, which is little; states are kept of the last ticks and of every n-th before
 * them, since the ticks between can be played again. n doubles whenever too many are kept, so an hour of play takes no
 * more room than some minutes do.
 */

/** How a simulator stood at one tick, and what that looked like. */
export interface Sight<S> {
  readonly state: S;
  readonly frame: Uint8Array;
}

/** What both sides' states are at one tick, and what the players remember by name. */
export interface Kept<S> {
  readonly truth: Sight<S> | null;
  /** Null before the dream began, which is once it has been shown its opening. */
  readonly dream: Sight<S> | null;
  readonly memories: ReadonlyMap<string, S>;
}

/** Whose frames the players see who are no keys. */
export type Eyes = "truth" | "dream";

/** What happened at one tick. */
export interface Moment {
  /** What led here, an action for each player; null at the first tick. */
  readonly actions: readonly number[] | null;
  /** Who played each player then, as in `Session.sides`; nobody at the first tick. */
  readonly sides: readonly (string | null)[];
  /** Whose frames those saw who are no keys, as in `Session.eyes`. */
  readonly eyes: Eyes;
  /** From which tick on the dream has been on its own: its first, or that at which it was last corrected. */
  readonly since: number;
  /** The first tick from there at which the dream was wrong; null: it never was. */
  readonly apart: number | null;
  readonly trust: number | null;
  /** Whether the dream was corrected here by the truth. */
  readonly anchored: boolean;
  /** Whether the dream's state was changed here by hand. */
  readonly changed: boolean;
  /** A field of the dream's state that was set here, as often as this tick is played again; null: none. */
  readonly put: { readonly field: string; readonly values: readonly number[] } | null;
}

/** How many of the last ticks keep their states. */
export const RECENT = 120;
/** How many states of older ticks are kept at most before every second of them goes. */
export const OLDER = 256;
/** Every so many ticks states are kept at first. */
const STRIDE = 16;

export class Timeline<S> {
  private readonly moments: Moment[] = [];
  /** The ticks at which the dream was corrected, and those at which it was changed, in order. */
  private readonly marked = { anchored: [] as number[], changed: [] as number[] };
  private readonly states = new Map<number, Kept<S>>();
  private stride = STRIDE;

  /** The states of tick `first` are always kept; `drop` is told of all that will not be needed again. */
  constructor(
    private readonly first: number,
    private readonly drop: (kept: Kept<S>) => void,
  ) {}

  /** The last tick there is; -1: none. */
  get last(): number {
    return this.moments.length - 1;
  }

  moment(tick: number): Moment {
    const moment = this.moments[tick];
    if (!moment) throw new Error(`there is no tick ${tick}`);
    return moment;
  }

  kept(tick: number): Kept<S> | undefined {
    return this.states.get(tick);
  }

  /** The latest tick up to `tick` whose states are kept. */
  before(tick: number): number {
    let found = tick;
    while (found > 0 && !this.states.has(found)) found--;
    return found;
  }

  /** What was pressed after `from` up to `to`. */
  actions(from: number, to: number): (readonly number[])[] {
    return this.moments.slice(from + 1, to + 1).map((moment) => moment.actions ?? []);
  }

  /** The ticks up to `tick` at which the dream was corrected, or changed by hand, in order. */
  ticksWith(mark: "anchored" | "changed", tick: number): number[] {
    return this.marked[mark].filter((each) => each <= tick);
  }

  /** The next tick. All states before tick `first` are held until it is there: they are the opening. */
  push(moment: Moment, kept: Kept<S>): void {
    this.moments.push(moment);
    this.states.set(this.last, kept);
    this.note(this.last, moment);
    if (this.last < this.first) return;
    if (this.last === this.first) this.thinAll();
    this.thin(this.last - RECENT);
    if (this.states.size > RECENT + OLDER) {
      this.stride *= 2;
      this.thinAll();
    }
  }

  /** Puts the states of a tick back that was played again. */
  restore(tick: number, kept: Kept<S>): void {
    this.forget(tick);
    this.states.set(tick, kept);
  }

  replace(tick: number, moment: Moment, kept: Kept<S>): void {
    this.moments[tick] = moment;
    this.states.set(tick, kept);
    this.note(tick, moment);
  }

  /** Lets the states of a tick go, unless they are needed to play others again. */
  thin(tick: number): void {
    const moment = this.moments[tick];
    if (!moment || tick > this.last - RECENT) return;
    const needed = tick % this.stride === 0 || tick === this.first || moment.anchored || moment.changed;
    if (!needed) this.forget(tick);
  }

  /** Drops all that came after `tick`. */
  cut(tick: number): void {
    if (tick >= this.last) return;
    for (const each of [...this.states.keys()]) if (each > tick) this.forget(each);
    this.moments.length = tick + 1;
    for (const ticks of Object.values(this.marked)) while ((ticks.at(-1) ?? -1) > tick) ticks.pop();
  }

  clear(): void {
    this.cut(-1);
    this.stride = STRIDE;
  }

  /** `tick` is the last one whenever it is marked. */
  private note(tick: number, moment: Moment): void {
    for (const mark of ["anchored", "changed"] as const) {
      if (moment[mark] && this.marked[mark].at(-1) !== tick) this.marked[mark].push(tick);
    }
  }

  private thinAll(): void {
    for (const tick of [...this.states.keys()]) this.thin(tick);
  }

  private forget(tick: number): void {
    const kept = this.states.get(tick);
    if (!kept) return;
    this.states.delete(tick);
    this.drop(kept);
  }
}
