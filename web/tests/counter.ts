/** A game that is easily judged: its state is a number, and its frame shows it. */

import type { Field, Opening, Played, Simulator, Spec, Turn } from "../src/simulator";

export const SPEC: Spec = {
  name: "counter",
  height: 1,
  width: 2,
  channels: 1,
  players: ["left", "right"],
  actions: ["stay", "up", "down"],
  params: [
    { name: "start", default: 10, low: 0, high: 100, kind: "integer", drawn: false, doc: "" },
    { name: "drawn", default: 0, low: 3, high: 5, kind: "integer", drawn: true, doc: "" },
  ],
  palette: [],
  opening: 0,
};

export interface Count {
  readonly value: number;
  readonly tick: number;
}

/** Up adds one, down takes one off. From tick `wrong` on it is off by nine, as far as a frame may not be. */
export class Counter implements Simulator<Count> {
  readonly forgotten: Count[] = [];
  updates = 0;
  shown: Opening<Count> | undefined;

  constructor(
    readonly spec: Spec = SPEC,
    private readonly wrong = Infinity,
  ) {}

  init(params: readonly number[] | null, seed: number, opening?: Opening<Count>): Promise<Count> {
    this.shown = opening;
    const last = opening?.states.at(-1);
    return Promise.resolve(last ?? { value: (params?.[0] ?? 10) + seed, tick: 0 });
  }

  update({ value, tick }: Count, actions: readonly number[]): Promise<Count> {
    this.updates++;
    const pressed = actions.reduce((sum, action) => sum + (action === 1 ? 1 : action === 2 ? -1 : 0), 0);
    return Promise.resolve({ value: value + pressed + (tick + 1 === this.wrong ? 9 : 0), tick: tick + 1 });
  }

  render({ value }: Count): Promise<Uint8Array> {
    return Promise.resolve(Uint8Array.of(value & 255, (value >> 8) & 255));
  }
}

/** With all that a dream may be able to do. */
export class Dream extends Counter {
  observe(_: Count, truth: Count, opening?: Opening<Count>): Promise<Count> {
    this.shown = opening;
    return Promise.resolve(truth);
  }

  trust({ value }: Count): Promise<number> {
    return Promise.resolve(value / 2);
  }

  fields({ value }: Count): Promise<Field[]> {
    return Promise.resolve([{ name: "value", shape: [], kind: "integer", least: 0, most: 255, values: [value] }]);
  }

  change({ tick }: Count, _field: string, _index: number, value: number): Promise<Count> {
    return Promise.resolve({ value, tick });
  }

  values({ value }: Count): readonly number[] {
    return [value];
  }

  put({ tick }: Count, _field: string, [value = 0]: readonly number[]): Promise<Count> {
    return Promise.resolve({ value, tick });
  }

  forget(states: readonly Count[]): void {
    this.forgotten.push(...states);
  }
}

/** With a player who presses up at every other of its ticks, as it remembers. */
export class Truth extends Counter {
  act({ memory }: Turn<Count>): Promise<Played<Count>> {
    const turn = memory?.value ?? 0;
    return Promise.resolve({ actions: [turn % 2, turn % 2], memory: { value: turn + 1, tick: -1 } });
  }

  private readonly begun = new WeakMap<Count, readonly number[]>();

  override async init(params: readonly number[] | null, seed: number): Promise<Count> {
    const state = await super.init(params, seed);
    this.begun.set(state, params ?? [10, 3 + (seed % 3)]);
    return state;
  }

  params(state: Count): readonly number[] | null {
    return this.begun.get(state) ?? null;
  }

  over({ value }: Count): boolean {
    return value >= 1000;
  }

  forget(states: readonly Count[]): void {
    this.forgotten.push(...states);
  }
}
