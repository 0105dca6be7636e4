/** How fast it plays: which ticks are due at each redraw of the screen. */

/** What a person may choose, ticks a second. */
export const SPEEDS = [1, 4, 10, 20, 30, 60, 120, 240] as const;
/** More than this is never caught up with, ms: after a pause of the machine the game goes on where it was. */
const LATEST = 100;
/** Redraws come a little early or late; a tick that is due this soon is played now, ms. */
const EARLY = 1;

export class Pace {
  /** Ticks a second; Infinity: as many as there is time for. */
  speed = 60;
  private owed = 0;
  private before: number | null = null;
  private readonly recent: { at: number; ticks: number }[] = [];

  /** How many ticks to play at time `now`, ms. */
  due(now: number): number {
    const passed = this.before === null ? 0 : now - this.before;
    this.before = now;
    if (!Number.isFinite(this.speed)) return Infinity;
    const length = 1000 / this.speed;
    this.owed = Math.min(this.owed + passed, Math.max(LATEST, length));
    const ticks = Math.floor((this.owed + EARLY) / length);
    this.owed -= ticks * length;
    return ticks;
  }

  /** Time that passes now does not count. */
  stop(): void {
    this.owed = 0;
    this.before = null;
    this.recent.length = 0;
  }

  /** Notes that `ticks` were played. */
  played(now: number, ticks: number): void {
    this.recent.push({ at: now, ticks });
    while (this.recent.length > 2 && now - (this.recent[0]?.at ?? now) > 1000) this.recent.shift();
  }

  /** Ticks a second, lately; null: too little is known. */
  get rate(): number | null {
    const [first, last] = [this.recent[0], this.recent.at(-1)];
    if (!first || !last || last.at - first.at < 250) return null;
    const ticks = this.recent.slice(1).reduce((sum, each) => sum + each.ticks, 0);
    return (1000 * ticks) / (last.at - first.at);
  }
}
