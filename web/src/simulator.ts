/**
 * The one idea, as the page sees it: a true game and a learned one are the same thing, a Simulator.
 *
 *     every tick:  state = update(state, actions)      frame = render(state)      state_0 = init(params, seed)
 *
 * One game at a time; otherwise the same words and laws as in Python (`tickworld.simulator`).
 */

import type { Atlas } from "./atlas";

export interface Param {
  readonly name: string;
  readonly default: number;
  readonly low: number;
  readonly high: number;
  readonly kind: "integer" | "real" | "angle" | "choice";
  /** Whether each game draws it anew from low..high. */
  readonly drawn: boolean;
  readonly doc: string;
}

export interface Spec {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly players: readonly string[];
  readonly actions: readonly string[];
  readonly params: readonly Param[];
  readonly palette: readonly (readonly number[])[];
  /** How many true frames `init` must be shown; 0: none. */
  readonly opening: number;
}

/** The last K states of the truth and the K-1 keys between them: what a dream is shown to begin from. */
export interface Opening<S> {
  readonly states: readonly S[];
  readonly actions: readonly (readonly number[])[];
}

/** One field of a state; `least` and `most` are what its numbers may be set to. */
export interface Field {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: string;
  readonly least: number;
  readonly most: number;
  /** In order of the flat index, null for one that is not finite; null where there are too many to show. */
  readonly values: readonly (number | null)[] | null;
}

/** What a player pressed, and what it will remember at the next tick. */
export interface Played<S> {
  readonly actions: readonly number[];
  readonly memory: S | null;
}

/** When a player is asked: the seed and tick of the game, the state it sees and its memory of the tick before. */
export interface Turn<S> {
  readonly player: string;
  readonly seed: number;
  readonly tick: number;
  readonly state: S;
  readonly memory: S | null;
}

/** Three verbs; what follows them is there only where it is possible. Old states stay valid. */
export interface Simulator<S> {
  readonly spec: Spec;
  /** `params`: one number for each of the spec; null: as the seed draws them. */
  init(params: readonly number[] | null, seed: number, opening?: Opening<S>): Promise<S>;
  update(state: S, actions: readonly number[]): Promise<S>;
  /** uint8, H*W*C numbers. */
  render(state: S): Promise<Uint8Array>;

  /** What a first state began with; null: not known. */
  params?(state: S): readonly number[] | null;
  /** Whether the game has ended for good. */
  over?(state: S): boolean;
  /** The dream's state corrected by the truth's. */
  observe?(state: S, truth: S, opening?: Opening<S>): Promise<S>;
  /** How far the frame can be trusted by the world's own account, in nats; null: not known. */
  trust?(state: S): Promise<number | null>;
  fields?(state: S): Promise<readonly Field[]>;
  /** The state with one number of one field set. */
  change?(state: S, field: string, index: number, value: number): Promise<S>;
  /** All numbers of one field, in order of the flat index. */
  values?(state: S, field: string): readonly number[];
  /** The state with all numbers of one field set. */
  put?(state: S, field: string, values: readonly number[]): Promise<S>;
  act?(turn: Turn<S>): Promise<Played<S>>;
  /** These will not be asked for again. */
  forget?(states: readonly S[]): void;
}

/**
 * Of the ticks whose trust was below so many nats, which share was followed by a wrong pixel within 100 ticks. The
 * level with null has all that are left; a share of null was not measured.
 */
export interface Level {
  readonly below: number | null;
  readonly wrong_within_100: number | null;
}

export interface Calibration {
  /** The least trust that was met; of less, nothing is known. */
  readonly least: number;
  readonly levels: readonly Level[];
}

/** A game as its keys tell it: enough to play it again, frame for frame. */
export interface Replay {
  readonly params: readonly number[];
  readonly seed: number;
  readonly actions: readonly (readonly number[])[];
}

/** Where games come from: a server, or what lies in the page itself. */
export interface Backend<S> {
  readonly title: string;
  readonly truth: Simulator<S> | null;
  readonly dream: Simulator<S> | null;
  /** Names that `act` knows. */
  readonly players: readonly string[];
  /** Of those who can take one side only, which; absent where there are none. */
  readonly own?: Readonly<Record<string, string>>;
  /** Whether one who plays may choose params for `init`. */
  readonly params: boolean;
  readonly calibration: Calibration | null;
  /** The map of an engine's games, whose params `init` heeds. */
  readonly atlas?: Atlas;
  /** Where the world comes from, for people. */
  readonly provenance: Readonly<Record<string, unknown>>;
  readonly ticksPerSecond: number;
  /** Records the game again and says where; absent where there is no folder. */
  save?(game: Replay): Promise<string>;
  /** A GIF of the game played again; `anchors`: the ticks at which the dream was corrected. */
  gif?(game: Replay, anchors: readonly number[]): Promise<Uint8Array>;
}
