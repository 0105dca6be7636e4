/**
 * A learned game that lies in the page itself and is played by onnxruntime, as `tickworld.export.page` writes it.
 *
 * Two graphs are the two verbs: `update` takes the fields of a state and what is pressed, `render` its field `out`.
 */

import { rounded, type Atlas } from "./atlas";
import { mix, normals, uniform } from "./chance";
import { toFrame } from "./frames";
import { checkNumber, fromBase64, numbers, set, type Numbers, type Tensor } from "./numbers";
import type { Backend, Calibration, Field, Played, Simulator, Spec, Turn } from "./simulator";

type Feed = Readonly<Record<string, Tensor>>;

/** Of onnxruntime-web, what is used here. */
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
  readonly state: readonly Rows[];
  readonly calibration: Calibration | null;
  readonly provenance: Readonly<Record<string, unknown>>;
  readonly ticks_per_second: number;
}

/** One field of some states: the rows as base64, little-endian; `shape` is that of one row. */
interface Rows {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly rows: string;
}

/** An atlas as it lies in the page: each of its games has so many `beginnings`, one after the other in `begun`. */
export interface Mapped extends Atlas {
  readonly beginnings: number;
  readonly begun: readonly Rows[];
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
/** The one player there is without a game to play by: it holds keys for a while, whatever happens. */
const CHANCE = "random keys";
const HELD_TICKS = 6;

class OnnxDream implements Simulator<State> {
  readonly spec: Spec;
  private readonly starts: readonly Feed[];
  private readonly begun: readonly Feed[];

  constructor(
    private readonly runtime: Runtime,
    private readonly facts: Facts,
    private readonly updating: Graph,
    private readonly rendering: Graph,
    private readonly atlas: Mapped | null,
  ) {
    this.spec = facts.spec;
    this.starts = feeds(runtime, facts.state, facts.starts);
    this.begun = atlas ? feeds(runtime, atlas.begun, atlas.beginnings * atlas.games.length) : [];
  }

  /** One of the first states, by the seed; with the params of a game of the atlas, one of that game. */
  init(params: readonly number[] | null, seed: number): Promise<State> {
    const usual = this.starts[seed % this.starts.length];
    const fields = params && this.atlas ? this.beginning(this.atlas, params, seed) : usual;
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
      set(data, index, value);
      return this.with(state, name, before, data);
    });
  }

  values(state: State, name: string): readonly number[] {
    return Array.from(part(state.fields, name).data as ArrayLike<number | bigint>, Number);
  }

  put(state: State, name: string, values: readonly number[]): Promise<State> {
    return Promise.resolve().then(() => {
      const before = part(state.fields, name);
      const data = before.data.slice();
      if (values.length !== data.length) throw new Error(`field ${name} has ${data.length} numbers; got ${values.length}`);
      values.forEach((value, index) => {
        checkNumber(name, before, index, value);
        set(data, index, value);
      });
      return this.with(state, name, before, data);
    });
  }

  act({ seed, tick }: Turn<State>): Promise<Played<State>> {
    const count = this.spec.actions.length;
    const press = (_: string, player: number): number =>
      Math.floor(uniform(seed, "keys", player, Math.floor(tick / HELD_TICKS)) * count);
    return Promise.resolve({ actions: this.spec.players.map(press), memory: null });
  }

  private beginning({ games, beginnings }: Mapped, params: readonly number[], seed: number): Feed | undefined {
    const game = games.findIndex((each) => each.params.every((value, column) => value === params[column]));
    return this.begun[game * beginnings + (seed % beginnings)];
  }

  private with({ fields, chance }: State, name: string, before: Tensor, data: Numbers): State {
    return { fields: { ...fields, [name]: new this.runtime.Tensor(before.type, data, before.dims) }, chance };
  }

  private look(state: State): Promise<{ frame: Uint8Array; trust: number }> {
    state.shown ??= this.rendering.run({ out: part(state.fields, "out") }).then((seen) => {
      const trust = Number(part(seen, "trust").data[0]);
      return { frame: toFrame(part(seen, "frame").data as Float32Array, this.spec.channels), trust };
    });
    return state.shown;
  }
}

/** So many states, row by row. */
function feeds(runtime: Runtime, state: readonly Rows[], count: number): Feed[] {
  const fields = state.map(({ name, type, shape, rows }) => {
    const all = numbers(type, fromBase64(rows).buffer);
    const size = all.length / count;
    const row = (start: number): Numbers => all.slice(start * size, (start + 1) * size);
    return { name, row: (start: number) => new runtime.Tensor(type, row(start), [1, ...shape]) };
  });
  return Array.from({ length: count }, (_, start) =>
    Object.fromEntries(fields.map(({ name, row }) => [name, row(start)])),
  );
}

function part(feed: Feed, name: string): Tensor {
  const tensor = feed[name];
  if (!tensor) throw new Error(`the network has no ${name}`);
  return tensor;
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

/** The world in this page, and if the page is `mapped` the map of its games. */
export async function open(block: Block, mapped: boolean): Promise<Backend<State>> {
  const facts = JSON.parse(block("world-facts")) as Facts;
  const runtime = await runtimeIn(block);
  const graph = async (id: string): Promise<Graph> =>
    runtime.InferenceSession.create(new Uint8Array(await inflated(block(`world-${id}`))), { executionProviders: ["wasm"] });
  const atlas = mapped ? (JSON.parse(await unpackedText(block("world-atlas"))) as Mapped) : null;
  return backend(runtime, facts, await graph("update"), await graph("render"), atlas && rounded(atlas));
}

/** The world that `facts` tell of, played by these graphs. */
export function backend(
  runtime: Runtime, facts: Facts, updating: Graph, rendering: Graph, atlas: Mapped | null = null,
): Backend<State> {
  return {
    title: facts.title,
    truth: null,
    dream: new OnnxDream(runtime, facts, updating, rendering, atlas),
    players: [CHANCE],
    params: false,
    calibration: facts.calibration,
    ...(atlas && { atlas }),
    provenance: facts.provenance,
    ticksPerSecond: facts.ticks_per_second,
  };
}
