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

/** What happened at one tick. */
export interface Moment {
  /** What led here, an action for each player; null at the first tick. */
  readonly actions: readonly number[] | null;
  /** From which tick on the dream has been on its own: its first, or that at which it was last corrected. */
  readonly since: number;
  /** The first tick from there at which truth and dream differed; null: they never did. */
  readonly apart: number | null;
  readonly trust: number | null;
  /** Whether the dream was corrected here by the truth. */
  readonly anchored: boolean;
  /** Whether the dream's state was changed here by hand. */
  readonly changed: boolean;
}

/** How many of the last ticks keep their states. */
export const RECENT = 120;
/** How many states of older ticks are kept at most before every second of them goes. */
export const OLDER = 256;
/** Every so many ticks states are kept at first. */
const STRIDE = 16;

export class Timeline<S> {
  private moments: Moment[] = [];
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

  ticksWhere(chosen: (moment: Moment) => boolean): number[] {
    return this.moments.flatMap((moment, tick) => (chosen(moment) ? [tick] : []));
  }

  push(moment: Moment, kept: Kept<S>): void {
    this.moments.push(moment);
    this.states.set(this.last, kept);
    this.thin(this.last - RECENT);
    if (this.states.size > RECENT + OLDER) {
      this.stride *= 2;
      for (const tick of [...this.states.keys()]) if (tick <= this.last - RECENT) this.thin(tick);
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
    for (const each of [...this.states.keys()]) if (each > tick) this.forget(each);
    this.moments = this.moments.slice(0, tick + 1);
  }

  clear(): void {
    this.cut(-1);
    this.stride = STRIDE;
  }

  private forget(tick: number): void {
    const kept = this.states.get(tick);
    if (!kept) return;
    this.states.delete(tick);
    this.drop(kept);
  }
}
