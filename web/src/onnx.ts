/**
 * A learned game that lies in the page itself and is played by onnxruntime, as `tickworld.export.page` writes it.
 *
 * Two graphs are the two verbs: `update` takes the fields of a state and what is pressed, `render` its field `out`.
 */

import { mix, normals, uniform } from "./chance";
import { toFrame } from "./frames";
import type { Backend, Calibration, Field, Played, Simulator, Spec, Turn } from "./simulator";

/** Of onnxruntime-web, what is used here. */
export interface Tensor {
  readonly type: string;
  readonly data: Numbers;
  readonly dims: readonly number[];
}

type Numbers = Float32Array | Float64Array | Uint8Array | Int32Array | BigInt64Array;
type Feed = Readonly<Record<string, Tensor>>;

export interface Graph {
  run(feed: Feed): Promise<Feed>;
}

export interface Runtime {
  readonly env: { readonly wasm: { numThreads: number; wasmBinary?: ArrayBuffer } };
  readonly Tensor: new (type: string, data: Numbers, dims: readonly number[]) => Tensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: { executionProviders: string[] }): Promise<Graph>;
  };
}

/** What the page says of the world that lies in it. */
export interface Facts {
  readonly title: string;
  readonly spec: Spec;
  /** How many standard normal numbers a tick takes. */
  readonly noise: number;
  /** How many first states there are. */
  readonly starts: number;
  /** Their rows as base64, little-endian; `shape` is that of one row. */
  readonly state: readonly { readonly name: string; readonly type: string; readonly shape: readonly number[];
    readonly rows: string }[];
  readonly calibration: Calibration | null;
  readonly provenance: Readonly<Record<string, unknown>>;
  readonly ticks_per_second: number;
}

interface State {
  readonly fields: Feed;
  /** The stream of the next tick's noise. */
  readonly chance: bigint;
  /** What `render` gave, once it was asked. */
  shown?: Promise<{ frame: Uint8Array; trust: number }>;
}

/** Fields with more numbers are not shown. */
const MOST_VALUES = 4096;
const KINDS: Readonly<Record<string, new (bytes: ArrayBuffer) => Numbers>> = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
};
/** The one player there is without a game to play by: it holds keys for a while, whatever happens. */
const CHANCE = "random keys";
const HELD_TICKS = 6;

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

class OnnxDream implements Simulator<State> {
  readonly spec: Spec;
  private readonly starts: readonly Feed[];

  constructor(
    private readonly runtime: Runtime,
    private readonly facts: Facts,
    private readonly updating: Graph,
    private readonly rendering: Graph,
  ) {
    this.spec = facts.spec;
    const fields = facts.state.map(({ name, type, shape, rows }) => {
      const all = numbers(type, fromBase64(rows).buffer);
      const size = all.length / facts.starts;
      const row = (start: number): Numbers => all.slice(start * size, (start + 1) * size);
      return { name, row: (start: number) => new runtime.Tensor(type, row(start), [1, ...shape]) };
    });
    this.starts = Array.from({ length: facts.starts }, (_, start) =>
      Object.fromEntries(fields.map(({ name, row }) => [name, row(start)])),
    );
  }

  /** One of the first states, by the seed. */
  init(_params: readonly number[] | null, seed: number): Promise<State> {
    const fields = this.starts[seed % this.starts.length];
    if (!fields) throw new Error("this page has no first state");
    return Promise.resolve({ fields, chance: mix(seed, "dream") });
  }

  async update(state: State, actions: readonly number[]): Promise<State> {
    const { Tensor } = this.runtime;
    const given: Record<string, Tensor> = {
      ...state.fields,
      actions: new Tensor("uint8", Uint8Array.from(actions), [1, actions.length]),
    };
    const { noise } = this.facts;
    if (noise) given.noise = new Tensor("float32", normals(state.chance, noise), [1, noise]);
    const later = await this.updating.run(given);
    const fields = this.facts.state.map(({ name }) => [name, part(later, `${name}_out`)]);
    return { fields: Object.fromEntries(fields) as Feed, chance: mix(state.chance, "tick") };
  }

  async render(state: State): Promise<Uint8Array> {
    return (await this.look(state)).frame;
  }

  async trust(state: State): Promise<number> {
    return (await this.look(state)).trust;
  }

  fields(state: State): Promise<readonly Field[]> {
    return Promise.resolve(this.facts.state.map(({ name, type, shape }) => field(name, type, shape, state.fields)));
  }

  change(state: State, name: string, index: number, value: number): Promise<State> {
    return Promise.resolve().then(() => {
      const before = part(state.fields, name);
      checkNumber(name, before, index, value);
      const data = before.data.slice();
      if (data instanceof BigInt64Array) data[index] = BigInt(value);
      else data[index] = value;
      const after = new this.runtime.Tensor(before.type, data, before.dims);
      return { fields: { ...state.fields, [name]: after }, chance: state.chance };
    });
  }

  act({ seed, tick }: Turn<State>): Promise<Played<State>> {
    const count = this.spec.actions.length;
    const press = (_: string, player: number): number =>
      Math.floor(uniform(seed, "keys", player, Math.floor(tick / HELD_TICKS)) * count);
    return Promise.resolve({ actions: this.spec.players.map(press), memory: null });
  }

  private look(state: State): Promise<{ frame: Uint8Array; trust: number }> {
    state.shown ??= this.rendering.run({ out: part(state.fields, "out") }).then((seen) => {
      const trust = Number(part(seen, "trust").data[0]);
      return { frame: toFrame(part(seen, "frame").data as Float32Array, this.spec.channels), trust };
    });
    return state.shown;
  }
}

function numbers(type: string, bytes: ArrayBuffer): Numbers {
  const kind = KINDS[type];
  if (!kind) throw new Error(`this page cannot hold numbers of type ${type}`);
  return new kind(bytes);
}

function part(feed: Feed, name: string): Tensor {
  const tensor = feed[name];
  if (!tensor) throw new Error(`the network has no ${name}`);
  return tensor;
}

/** What fields of whole numbers hold, and those of real ones up to. */
const WHOLE: Readonly<Record<string, readonly [bigint, bigint]>> = {
  uint8: [0n, 255n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};
const GREATEST: Readonly<Record<string, number>> = { float32: (2 - 2 ** -23) * 2 ** 127, float64: Number.MAX_VALUE };

/** Refuses what `tickworld.models.fields.changed` refuses, in the same words. */
function checkNumber(name: string, { type, data }: Tensor, index: number, value: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= data.length) {
    throw new Error(`field ${name} has ${data.length} numbers in a row; got index ${index}; count from 0`);
  }
  if (!holds(type, value)) {
    throw new Error(`field ${name} holds ${held(type)}; got ${general(value)}; give one of those`);
  }
}

function holds(type: string, value: number): boolean {
  const whole = WHOLE[type];
  if (type === "bool") return value === 0 || value === 1;
  if (!whole) return Math.abs(value) <= (GREATEST[type] ?? 0);
  return Number.isInteger(value) && whole[0] <= BigInt(value) && BigInt(value) <= whole[1];
}

/** What a field holds, in words. */
function held(type: string): string {
  const whole = WHOLE[type];
  if (type === "bool") return "0 or 1";
  return whole ? `whole numbers in ${whole[0]}..${whole[1]}` : "finite numbers";
}

/** A number as Python writes it with six digits at most. */
function general(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const [digits, power] = value.toExponential(5).split("e").map(Number) as [number, number];
  if (power >= -4 && power < 6) return String(Number(value.toPrecision(6)));
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** `least` and `most` are a guess from what is there. */
function field(name: string, type: string, shape: readonly number[], fields: Feed): Field {
  const { data } = part(fields, name);
  const values = Array.from(data as ArrayLike<number | bigint>, (each) => finite(Number(each)));
  const known = values.filter((each) => each !== null);
  const [low, high] = [known.reduce((a, b) => Math.min(a, b), 0), known.reduce((a, b) => Math.max(a, b), 1)];
  const real = type.startsWith("float");
  const kind = type === "bool" ? "bool" : real ? "real" : "integer";
  return {
    name, shape, kind, least: real ? Math.min(-1, low) : low, most: high,
    values: values.length <= MOST_VALUES ? values : null,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** The text of a data block in the page. */
export type Block = (id: string) => string;

async function inflated(block: string): Promise<ArrayBuffer> {
  const packed = new Blob([fromBase64(block)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Text that was packed as the blocks of an exported page are. */
export async function unpackedText(block: string): Promise<string> {
  return new TextDecoder().decode(await inflated(block));
}

/** onnxruntime as it lies in the page; nothing is fetched. */
async function runtimeIn(block: Block): Promise<Runtime> {
  const url = URL.createObjectURL(new Blob([await inflated(block("world-ort"))], { type: "text/javascript" }));
  const runtime = (await import(url)) as Runtime;
  URL.revokeObjectURL(url);
  runtime.env.wasm.numThreads = 1; // worlds are small: more threads wait for each other
  runtime.env.wasm.wasmBinary = await inflated(block("world-wasm"));
  return runtime;
}

/** The world in this page. */
export async function open(block: Block): Promise<Backend<State>> {
  const facts = JSON.parse(block("world-facts")) as Facts;
  const runtime = await runtimeIn(block);
  const graph = async (id: string): Promise<Graph> =>
    runtime.InferenceSession.create(new Uint8Array(await inflated(block(`world-${id}`))), { executionProviders: ["wasm"] });
  return backend(runtime, facts, await graph("update"), await graph("render"));
}

/** The world that `facts` tell of, played by these graphs. */
export function backend(runtime: Runtime, facts: Facts, updating: Graph, rendering: Graph): Backend<State> {
  return {
    title: facts.title,
    truth: null,
    dream: new OnnxDream(runtime, facts, updating, rendering),
    players: [CHANCE],
    params: false,
    calibration: facts.calibration,
    provenance: facts.provenance,
    ticksPerSecond: facts.ticks_per_second,
  };
}
