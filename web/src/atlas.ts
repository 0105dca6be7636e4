/**
 * The space of an engine's vectors, each of which is a game: a map of it, and where one is.
 *
 * All of it was found in Python (`tickworld.recipes.atlas`); here it is only walked through.
 */

import type { Param } from "./simulator";

type Vector = readonly number[];

/** A game that the engine learned, or one that it never saw; `params` has one number for each of the spec. */
export interface AtlasGame {
  readonly params: Vector;
  readonly vector: Vector;
  readonly learned: boolean;
}

/** What one param makes of a vector, and how it is read off one; see `tickworld.evaluation.directions`. */
export interface Direction {
  /** Which param of the spec. */
  readonly column: number;
  /** Of a choice, one for each row of the following; empty for a number, which has one row. */
  readonly values: readonly number[];
  readonly along: readonly Vector[];
  readonly reads: readonly Vector[];
  readonly bias: Vector;
  /** The standard deviation of the param. */
  readonly spread: number;
  /** R^2 on games that were not fitted to; null: not known. */
  readonly score: number | null;
}

export interface Atlas {
  /** The field of the state that holds the vector. */
  readonly field: string;
  readonly mean: Vector;
  /** Both axes of the map, unit vectors. */
  readonly axes: readonly [Vector, Vector];
  /** The share of the variance that each of them holds. */
  readonly shares: readonly [number, number];
  readonly games: readonly AtlasGame[];
  readonly directions: readonly Direction[];
}

export type Place = readonly [number, number];

function dot(one: Vector, other: Vector): number {
  return one.reduce((sum, each, at) => sum + each * (other[at] ?? 0), 0);
}

function plus(one: Vector, other: Vector, times = 1): number[] {
  return one.map((each, at) => each + times * (other[at] ?? 0));
}

/** The place of a vector on the map. */
export function place({ mean, axes }: Atlas, vector: Vector): Place {
  const rest = plus(vector, mean, -1);
  return [dot(axes[0], rest), dot(axes[1], rest)];
}

/** Where a spread of a param leads on the map; nowhere for a choice. */
export function way({ axes }: Atlas, { along, values, spread }: Direction): Place {
  const [row = []] = values.length ? [] : along;
  return [spread * dot(axes[0], row), spread * dot(axes[1], row)];
}

/** What a param reads as at a vector: a number, or the likeliest value of a choice. */
export function read({ reads, bias, values }: Direction, vector: Vector): number {
  const told = reads.map((row, at) => dot(row, vector) + (bias[at] ?? 0));
  return values.length ? (values[told.indexOf(Math.max(...told))] ?? 0) : (told[0] ?? 0);
}

/** The game whose vector is nearest, by number, and whether it is that very vector. */
export function nearest({ games }: Atlas, vector: Vector): { game: number; exact: boolean } {
  const apart = games.map((each) => plus(each.vector, vector, -1).reduce((sum, rest) => sum + rest * rest, 0));
  const least = Math.min(...apart);
  return { game: apart.indexOf(least), exact: least === 0 };
}

/** What a game's params are, in words. */
export function words({ directions }: Atlas, params: readonly Param[], game: AtlasGame): string {
  const named = directions.map(({ column }) => `${name(params[column])} ${plain(game.params[column] ?? 0)}`);
  return named.join(", ");
}

export function name(param: Param | undefined): string {
  return (param?.name ?? "").replaceAll("_", " ");
}

export function plain(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 1, useGrouping: false });
}

/** As the engine holds it: in single precision. */
function single(vector: Vector): number[] {
  return vector.map(Math.fround);
}

/** The same atlas with vectors as the engine holds them. */
export function rounded<A extends Atlas>(atlas: A): A {
  return { ...atlas, games: atlas.games.map((game) => ({ ...game, vector: single(game.vector) })) };
}

/**
 * Where one is: a vector that the map gave, and by how much it was moved along each direction since.
 *
 *     vector = base + sum of shifts        base = a game's own, or mean + x first axis + y second axis
 */
export class Spot {
  private base: Vector;
  /** One for each direction, [E]. */
  private shifts: Vector[] = [];
  /** By how much of its param each direction was moved; of a choice, to which value; null: it was not. */
  private moved: (number | null)[] = [];

  constructor(readonly atlas: Atlas) {
    this.base = atlas.mean;
    this.take(atlas.mean);
  }

  get vector(): number[] {
    return single(plus(this.base, this.shift));
  }

  get place(): Place {
    return place(this.atlas, this.vector);
  }

  /** Whether any slider was moved since the map was last asked. */
  get slid(): boolean {
    return this.shift.some((each) => each !== 0);
  }

  /** Goes to just this vector. */
  take(vector: Vector): void {
    this.base = single(vector);
    this.level();
  }

  /** Takes all sliders back. */
  level(): void {
    this.shifts = this.atlas.directions.map(() => this.base.map(() => 0));
    this.moved = this.atlas.directions.map(() => null);
  }

  /** Goes to a place of the map; what the sliders add out of its plane stays. */
  go([x, y]: Place): void {
    const { mean, axes } = this.atlas;
    const shift = this.shift;
    const flat = plus(mean, axes[0], x - dot(axes[0], shift));
    this.base = plus(flat, axes[1], y - dot(axes[1], shift));
  }

  /** Where the slider of a direction stands: at what the param reads as, or where it was moved from there. */
  slider(number: number): number {
    const direction = this.direction(number);
    const [from, moved] = [read(direction, this.base), this.moved[number] ?? null];
    return direction.values.length ? (moved ?? from) : from + (moved ?? 0);
  }

  /** What the param reads as here. */
  reading(number: number): number {
    return read(this.direction(number), this.vector);
  }

  /** Moves along a direction until its slider stands at `value`. */
  slide(number: number, value: number): void {
    const direction = this.direction(number);
    const { values, along } = direction;
    const from = read(direction, this.base);
    const [one = [], other = []] = [value, from].map((each) => along[values.indexOf(each)] ?? []);
    const [first = []] = along;
    this.moved[number] = values.length ? value : value - from;
    this.shifts[number] = values.length ? plus(one, other, -1) : first.map((each) => each * (value - from));
  }

  private get shift(): number[] {
    return this.shifts.reduce<number[]>((sum, each) => plus(sum, each), this.base.map(() => 0));
  }

  private direction(number: number): Direction {
    const direction = this.atlas.directions[number];
    if (!direction) throw new Error(`the map has no direction ${number}`);
    return direction;
  }
}
