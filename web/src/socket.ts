/**
 * A server's games: states stay there, and the page knows them by a number each.
 *
 * One request, one reply, in order: a request is JSON text; a reply is the length of its header (uint32, little
 * endian), the header as JSON, then raw bytes. The server speaks first, with id 0, and says what there is.
 */

import type { Backend, Calibration, Field, Opening, Played, Replay, Simulator, Spec, Turn } from "./simulator";

type Handle = number;

interface Hello {
  readonly title: string;
  readonly truth: Spec | null;
  readonly dream: Spec | null;
  readonly players: readonly string[];
  readonly own: Readonly<Record<string, string>>;
  readonly observes: boolean;
  readonly trust: boolean;
  readonly fields: boolean;
  readonly calibration: Calibration | null;
  readonly provenance: Readonly<Record<string, unknown>>;
  readonly ticks_per_second: number;
  readonly folder: string | null;
}

/** The header of a reply; which parts are there depends on what was asked. */
interface Header {
  readonly id: number | null;
  readonly error?: string;
  readonly hello?: Hello;
  readonly state?: Handle;
  readonly trust?: number | null;
  readonly params?: readonly number[];
  readonly over?: boolean;
  readonly actions?: readonly number[];
  readonly memory?: Handle | null;
  readonly fields?: readonly Omit<Field, "values">[];
  readonly values?: Readonly<Record<string, readonly (number | null)[]>>;
  readonly episode?: number;
  readonly folder?: string;
}

interface Reply {
  readonly header: Header;
  readonly body: Uint8Array;
}

/** What the server could not do, in its own words. */
export class Refused extends Error {}

/** What is used of a WebSocket. */
export interface Wire {
  binaryType: string;
  send(text: string): void;
  addEventListener(kind: "message", hear: (event: { data: unknown }) => void): void;
  addEventListener(kind: "close" | "error", hear: () => void): void;
}

export function unpacked(message: ArrayBuffer): Reply {
  const length = new DataView(message).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length))) as Header;
  return { header, body: new Uint8Array(message, 4 + length) };
}

const GONE = "the server is gone; start tickworld play again and load this page anew";

interface Waiting {
  readonly id: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (reason: Error) => void;
}

class Connection {
  private readonly waiting: Waiting[] = [];
  private next = 1;
  private gone = false;

  constructor(private readonly wire: Wire) {
    wire.binaryType = "arraybuffer";
    wire.addEventListener("message", ({ data }) => {
      this.hear(unpacked(data as ArrayBuffer));
    });
    for (const kind of ["close", "error"] as const) {
      wire.addEventListener(kind, () => {
        this.gone = true;
        for (const each of this.waiting.splice(0)) each.reject(new Refused(GONE));
      });
    }
  }

  /** The server's first message. */
  greeting(): Promise<Reply> {
    return this.reply(0);
  }

  ask(what: string, told: object): Promise<Reply> {
    if (this.gone) return Promise.reject(new Refused(GONE));
    const id = this.next++;
    const reply = this.reply(id);
    this.wire.send(JSON.stringify({ id, do: what, ...told }));
    return reply;
  }

  private reply(id: number): Promise<Reply> {
    return new Promise((resolve, reject) => this.waiting.push({ id, resolve, reject }));
  }

  /** Replies come in the order of the requests. */
  private hear(reply: Reply): void {
    const asked = this.waiting.shift();
    if (!asked) return;
    const { id, error } = reply.header;
    if (error !== undefined) asked.reject(new Refused(error));
    else if (id !== asked.id) asked.reject(new Refused(`the server answered ${String(id)} and not ${asked.id}`));
    else asked.resolve(reply);
  }
}

/** What a reply brought along with a state, kept until that state is forgotten. */
interface Seen {
  readonly frame: Uint8Array;
  readonly trust: number | null;
  readonly over: boolean;
  readonly params: readonly number[] | null;
}

class Remote implements Simulator<Handle> {
  private readonly seen = new Map<Handle, Seen>();

  constructor(
    protected readonly connection: Connection,
    private readonly sim: "truth" | "dream",
    readonly spec: Spec,
  ) {}

  init(params: readonly number[] | null, seed: number, opening?: Opening<Handle>): Promise<Handle> {
    return this.state("init", { sim: this.sim, params, seed, ...(opening && { opening }) });
  }

  update(state: Handle, actions: readonly number[]): Promise<Handle> {
    return this.state("update", { state, actions });
  }

  async render(state: Handle): Promise<Uint8Array> {
    return this.seen.get(state)?.frame ?? (await this.connection.ask("render", { state })).body;
  }

  params(state: Handle): readonly number[] | null {
    return this.seen.get(state)?.params ?? null;
  }

  over(state: Handle): boolean {
    return this.seen.get(state)?.over ?? false;
  }

  async act({ player, seed, tick, state, memory }: Turn<Handle>): Promise<Played<Handle>> {
    const { header } = await this.connection.ask("act", { player, seed, tick, truth: state, memory });
    return { actions: header.actions ?? [], memory: header.memory ?? null };
  }

  forget(states: readonly Handle[]): void {
    for (const state of states) this.seen.delete(state);
    this.connection.ask("forget", { states }).catch(() => undefined); // it did not matter, or the next request tells
  }

  protected trustOf(state: Handle): number | null {
    return this.seen.get(state)?.trust ?? null;
  }

  protected async state(what: string, told: object): Promise<Handle> {
    const { header, body } = await this.connection.ask(what, told);
    const state = header.state;
    if (state === undefined) throw new Refused(`the server answered ${what} without a state`);
    const { trust = null, over = false, params = null } = header;
    this.seen.set(state, { frame: body, trust, over, params });
    return state;
  }
}

class Dream extends Remote {
  observe?: (state: Handle, truth: Handle, opening?: Opening<Handle>) => Promise<Handle>;
  trust?: (state: Handle) => Promise<number | null>;
  fields?: (state: Handle) => Promise<readonly Field[]>;
  change?: (state: Handle, field: string, index: number, value: number) => Promise<Handle>;

  constructor(connection: Connection, spec: Spec, hello: Hello) {
    super(connection, "dream", spec);
    if (hello.observes) {
      this.observe = (state, truth, opening) => this.state("observe", { state, truth, ...(opening && { opening }) });
    }
    if (hello.trust) this.trust = (state) => Promise.resolve(this.trustOf(state));
    if (!hello.fields) return;
    this.fields = async (state) => {
      const { fields = [], values = {} } = (await connection.ask("fields", { state })).header;
      return fields.map((field) => ({ ...field, values: values[field.name] ?? null }));
    };
    this.change = (state, field, index, value) => this.state("change", { state, field, index, value });
  }
}

/** What a server has to play, from the wire to it. */
export async function connect(wire: Wire): Promise<Backend<Handle>> {
  const connection = new Connection(wire);
  const { hello } = (await connection.greeting()).header;
  if (!hello) throw new Refused("the server did not say what there is to play");
  const { title, players, own, calibration, provenance } = hello;
  const backend: Backend<Handle> = {
    title,
    truth: hello.truth && new Remote(connection, "truth", hello.truth),
    dream: hello.dream && new Dream(connection, hello.dream, hello),
    players,
    own,
    params: true,
    calibration,
    provenance,
    ticksPerSecond: hello.ticks_per_second,
    gif: async (game: Replay, anchors: readonly number[]) => (await connection.ask("gif", { ...game, anchors })).body,
  };
  if (hello.folder === null) return backend;
  const save = async (game: Replay): Promise<string> => {
    const { episode = 0, folder = "" } = (await connection.ask("save", game)).header;
    return `Saved as episode ${episode} of ${folder}`;
  };
  return { ...backend, save };
}
