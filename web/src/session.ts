/**
 * One game as it is played: the truth, the dream, or both under the same keys, and the way back to every tick.
 *
 * It knows no screen and no clock. Calls change one thing after the other: await each before the next.
 */

import { pixelsWrong } from "./frames";
import type { Opening, Played, Replay, Simulator, Spec } from "./simulator";
import { RECENT, Timeline, type Eyes, type Kept, type Moment, type Sight } from "./timeline";

/** What an action is called that presses nothing. */
const IDLE = ["stay", "noop", "idle", "none", "nothing", "wait"];
/** States that are dropped are told to the simulators in batches of so many. */
const BATCH = 64;

/** The action that presses nothing; the first where none is called so. */
export function idleAction(spec: Spec): number {
  return Math.max(0, spec.actions.findIndex((name) => IDLE.includes(name.toLowerCase())));
}

export class Session<S> {
  readonly spec: Spec;
  /** Who plays each player: the name of one that `act` knows, or null for the keys. */
  sides: (string | null)[];
  /** Whose frames the others see, where there are both; both games are played under the keys that they then press. */
  eyes: Eyes = "truth";
  private readonly timeline: Timeline<S>;
  private at = 0;
  private begun: { params: readonly number[] | null; seed: number } = { params: null, seed: 0 };
  private dropped: { truth: S[]; dream: S[] } = { truth: [], dream: [] };
  /** Ticks that were played again for their states, and need not keep them: the last ones serve who goes on back. */
  private loose: number[] = [];

  constructor(
    readonly truth: Simulator<S> | null,
    readonly dream: Simulator<S> | null,
  ) {
    const spec = dream?.spec ?? truth?.spec;
    if (!spec) throw new Error("there is nothing to play");
    this.spec = spec;
    this.sides = spec.players.map(() => null);
    this.timeline = new Timeline(this.first, (kept) => {
      this.drop(kept);
    });
  }

  /** By whose palette a dream is right or wrong. */
  get judge(): Spec {
    return this.truth?.spec ?? this.spec;
  }

  /** The tick that is shown. */
  get tick(): number {
    return this.at;
  }

  /** The first tick that can be shown: where the dream begins. */
  get first(): number {
    return this.truth && this.dream ? Math.max(this.dream.spec.opening - 1, 0) : 0;
  }

  get last(): number {
    return this.timeline.last;
  }

  get moment(): Moment {
    return this.timeline.moment(this.at);
  }

  /** Both frames of the tick that is shown. */
  get frames(): { truth: Uint8Array | null; dream: Uint8Array | null } {
    const { truth, dream } = this.kept(this.at);
    return { truth: truth?.frame ?? null, dream: dream?.frame ?? null };
  }

  /** For how many ticks the dream was right, as `tickworld.evaluation.horizon` counts: before the first wrong one. */
  get survival(): number {
    const { apart, since } = this.moment;
    return apart === null ? this.at - since : Math.max(apart - since - 1, 0);
  }

  /** Whether the game has ended, as the truth knows it. */
  get over(): boolean {
    const truth = this.kept(this.at).truth;
    return truth !== null && (this.truth?.over?.(truth.state) ?? false);
  }

  /** The ticks at which the dream was corrected, up to the one that is shown. */
  get anchors(): number[] {
    return this.timeline.ticksWith("anchored", this.at);
  }

  /** Whether the dream was changed by hand up to the tick that is shown: the keys alone do not tell such a game. */
  get changed(): boolean {
    return this.timeline.ticksWith("changed", this.at).length > 0;
  }

  get seed(): number {
    return this.begun.seed;
  }

  /** The game up to the tick that is shown, to be played again. */
  get replay(): Replay {
    return { params: this.begun.params ?? [], seed: this.begun.seed, actions: this.timeline.actions(0, this.at) };
  }

  /** Params for a seed: those in `fixed` by name, the others as the game itself draws them. Null: all of them. */
  async drawn(seed: number, fixed: ReadonlyMap<string, number>): Promise<number[] | null> {
    if (!this.truth || fixed.size === 0) return null;
    const state = await this.truth.init(null, seed);
    const drawn = this.truth.params?.(state) ?? [];
    this.truth.forget?.([state]);
    return this.truth.spec.params.map((param, column) => fixed.get(param.name) ?? drawn[column] ?? param.default);
  }

  /** Begins anew. `params` null: as the seed draws them. */
  async restart(params: readonly number[] | null, seed: number): Promise<void> {
    const truth = this.truth ? await sight(this.truth, await this.truth.init(params, seed)) : null;
    const begun = { params: (truth && this.truth?.params?.(truth.state)) ?? params, seed };
    const begins = this.first === 0;
    const dream = begins ? await this.begin(begun, truth ? [truth] : [], []) : null;
    this.timeline.clear();
    this.loose = [];
    this.at = 0;
    this.begun = begun;
    await this.push({ actions: null, sides: [], eyes: this.eyes }, { truth, dream, memories: new Map() });
    const nobody = this.spec.players.map(() => idleAction(this.spec));
    while (!begins && this.last < this.first) await this.step(nobody);
  }

  /** Plays one tick: `pressed` has an action for each player, which counts where the keys play. */
  async step(pressed: readonly number[]): Promise<void> {
    const [from, sides, eyes] = [this.kept(this.at), [...this.sides], this.eyes];
    const { actions, memories } = await this.choose(this.at, from, { sides, eyes }, pressed);
    const tick = this.at + 1;
    let next = await this.update(from, actions, memories);
    if (this.dream && !next.dream && next.truth && tick === this.first) {
      const before = Array.from({ length: tick }, (_, each) => this.kept(each).truth);
      const opening = [...before.filter((each) => each !== null), next.truth];
      next = { ...next, dream: await this.begin(this.begun, opening, [...this.timeline.actions(0, this.at), actions]) };
    }
    this.timeline.cut(this.at);
    await this.push({ actions, sides, eyes }, next);
  }

  /** Shows an older or newer tick of this game. */
  async rewind(tick: number): Promise<void> {
    const wanted = Math.min(Math.max(Math.round(tick), this.first), this.last);
    await this.again(wanted, wanted);
    this.at = wanted;
  }

  /** Sets the dream right by the truth, and drops what came after. */
  async reanchor(): Promise<void> {
    const [count, tick] = [this.dream?.spec.opening ?? 0, this.at];
    const from = Math.max(tick - Math.max(count, 1) + 1, 0);
    await this.again(from, tick);
    const kept = this.kept(tick);
    if (!this.dream?.observe || !kept.truth || !kept.dream) throw new Error("nothing can set this dream right");
    const states = Array.from({ length: tick - from + 1 }, (_, each) => this.kept(from + each).truth?.state);
    const opening = { states: states.filter((each) => each !== undefined), actions: this.timeline.actions(from, tick) };
    const state = await this.dream.observe(kept.dream.state, kept.truth.state, count ? opening : undefined);
    await this.replaceDream(state, { anchored: true, since: tick, apart: null });
  }

  /** Sets one number of the dream's state, and drops what came after. */
  async change(field: string, index: number, value: number): Promise<void> {
    const dream = this.kept(this.at).dream;
    if (!this.dream?.change || !dream) throw new Error("this state cannot be changed");
    await this.replaceDream(await this.dream.change(dream.state, field, index, value), { changed: true });
  }

  /** Sets all numbers of one field of the dream's state, and drops what came after. */
  async put(field: string, values: readonly number[]): Promise<void> {
    await this.replaceDream(await this.withPut(this.kept(this.at), { field, values }), { put: { field, values } });
  }

  /** All numbers of one field of the dream's state at the tick that is shown. */
  values(field: string): readonly number[] {
    const { dream, dreamState } = this;
    if (!dream?.values || dreamState === null) throw new Error("this state cannot be read");
    return dream.values(dreamState, field);
  }

  /** What the dream would show with a number set to each of `values`; nothing is changed. */
  async imagine(field: string, index: number, values: readonly number[]): Promise<Uint8Array[]> {
    const { dream, dreamState } = this;
    if (!dream?.change || dreamState === null) throw new Error("this state cannot be changed");
    const frames: Uint8Array[] = [];
    for (const value of values) {
      const state = await dream.change(dreamState, field, index, value);
      frames.push(await dream.render(state));
      dream.forget?.([state]);
    }
    return frames;
  }

  /** The dream's state at the tick that is shown; null where there is no dream. */
  get dreamState(): S | null {
    return this.kept(this.at).dream?.state ?? null;
  }

  private kept(tick: number): Kept<S> {
    const kept = this.timeline.kept(tick);
    if (!kept) throw new Error(`the states of tick ${tick} are gone`);
    return kept;
  }

  private async begin(
    begun: typeof this.begun, truth: readonly Sight<S>[], actions: Opening<S>["actions"],
  ): Promise<Sight<S> | null> {
    if (!this.dream) return null;
    const opening = { states: truth.map((each) => each.state), actions };
    const shown = this.dream.spec.opening > 0 && truth.length > 0 ? opening : undefined;
    return sight(this.dream, await this.dream.init(begun.params, begun.seed, shown));
  }

  /** What every player presses, and what those who are no keys remember. */
  private async choose(
    tick: number, kept: Kept<S>, { sides: names, eyes }: Pick<Moment, "sides" | "eyes">, pressed: readonly number[],
  ): Promise<{ actions: number[]; memories: Map<string, S> }> {
    const played = new Map<string, Played<S>>();
    for (const player of new Set(names.filter((name) => name !== null))) {
      played.set(player, await this.act(player, tick, kept, eyes));
    }
    const actions = names.map((name, side) => played.get(name ?? "")?.actions[side] ?? pressed[side] ?? 0);
    const memories = new Map<string, S>();
    for (const [name, { memory }] of played) if (memory !== null) memories.set(name, memory);
    return { actions, memories };
  }

  /** What one player presses, who sees the frames of `eyes` where there are both. */
  private act(player: string, tick: number, kept: Kept<S>, eyes: Eyes): Promise<Played<S>> {
    const dreaming = !this.truth || (eyes === "dream" && kept.dream !== null);
    const [simulator, seen] = dreaming ? [this.dream, kept.dream] : [this.truth, kept.truth];
    if (!simulator?.act || !seen) throw new Error(`nobody here is called ${player}`);
    const memory = kept.memories.get(player) ?? null;
    return simulator.act({ player, seed: this.begun.seed, tick, state: seen.state, memory });
  }

  private async update(from: Kept<S>, actions: readonly number[], memories: Map<string, S>): Promise<Kept<S>> {
    const next = async (simulator: Simulator<S> | null, before: Sight<S> | null): Promise<Sight<S> | null> =>
      simulator && before ? sight(simulator, await simulator.update(before.state, actions)) : null;
    const [truth, dream] = await Promise.all([next(this.truth, from.truth), next(this.dream, from.dream)]);
    return { truth, dream, memories };
  }

  private async push(played: Pick<Moment, "actions" | "sides" | "eyes">, kept: Kept<S>): Promise<void> {
    const before = this.last < 0 ? null : this.timeline.moment(this.last);
    const tick = this.last + 1;
    this.timeline.push(await this.judged(tick, kept, {
      ...played,
      since: before && tick > this.first ? before.since : tick,
      apart: before?.apart ?? null,
      trust: null,
      anchored: false,
      changed: false,
      put: null,
    }), kept);
    this.at = tick;
  }

  /** `moment` with what the frames and the dream itself say. */
  private async judged(tick: number, kept: Kept<S>, moment: Moment): Promise<Moment> {
    const { truth, dream } = kept;
    const differs = truth !== null && dream !== null && pixelsWrong(truth.frame, dream.frame, this.judge);
    const trust = dream ? ((await this.dream?.trust?.(dream.state)) ?? null) : null;
    return { ...moment, trust, apart: moment.apart ?? (differs ? tick : null) };
  }

  private withPut({ dream }: Kept<S>, { field, values }: NonNullable<Moment["put"]>): Promise<S> {
    if (!this.dream?.put || !dream) throw new Error("this state cannot be changed");
    return this.dream.put(dream.state, field, values);
  }

  private async replaceDream(state: S, told: Partial<Moment>): Promise<void> {
    if (!this.dream) return;
    const before = this.kept(this.at);
    const kept = { ...before, dream: await sight(this.dream, state) };
    const moment = await this.judged(this.at, kept, { ...this.moment, ...told });
    this.timeline.cut(this.at);
    this.timeline.replace(this.at, moment, kept);
    this.drop({ truth: null, dream: before.dream, memories: new Map() });
  }

  /** Makes sure that the states of the ticks `from..to` are there, by playing again what is missing. */
  private async again(from: number, to: number): Promise<void> {
    const start = this.timeline.before(from);
    for (let tick = start; tick < to; tick++) {
      if (this.timeline.kept(tick + 1)) continue;
      const [kept, { actions, put, ...who }] = [this.kept(tick), this.timeline.moment(tick + 1)];
      const { memories } = await this.choose(tick, kept, who, []);
      const next = await this.update(kept, actions ?? [], memories);
      const state = put && (await this.withPut(next, put));
      this.timeline.restore(tick + 1, this.dream && state ? { ...next, dream: await sight(this.dream, state) } : next);
      this.loose.push(tick + 1);
    }
    const useful = (tick: number): boolean => tick >= from - RECENT && tick <= to;
    const needless = this.loose.filter((tick) => !useful(tick));
    this.loose = this.loose.filter(useful);
    for (const tick of needless) this.timeline.thin(tick);
  }

  private drop(kept: Kept<S>): void {
    const { truth, dream } = this.dropped;
    if (kept.dream) dream.push(kept.dream.state);
    if (kept.truth) truth.push(kept.truth.state, ...kept.memories.values());
    if (truth.length + dream.length < BATCH) return;
    this.dropped = { truth: [], dream: [] };
    for (const [simulator, states] of [[this.truth, truth], [this.dream, dream]] as const) {
      if (states.length) simulator?.forget?.(states);
    }
  }
}

async function sight<S>(simulator: Simulator<S>, state: S): Promise<Sight<S>> {
  return { state, frame: await simulator.render(state) };
}
