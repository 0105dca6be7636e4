import { beforeEach, describe, expect, it } from "vitest";

import type { Backend } from "../src/simulator";
import { connect, Refused, unpacked, type Wire } from "../src/socket";
import { SPEC } from "./counter";

type Asked = Record<string, unknown> & { id: number; do: string };

function packed(header: object, body: number[] = []): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const message = new Uint8Array(4 + text.length + body.length);
  new DataView(message.buffer).setUint32(0, text.length, true);
  message.set(text, 4);
  message.set(body, 4 + text.length);
  return message.buffer;
}

/** A server that answers as it was told, in order. */
class Server implements Wire {
  binaryType = "blob";
  readonly asked: Asked[] = [];
  deaf = false;
  answers: Record<string, (asked: Asked) => { header: object; body?: number[] }> = {};
  private readonly ears = new Map<string, ((event: { data: unknown }) => void)[]>();

  send(text: string): void {
    const asked = JSON.parse(text) as Asked;
    this.asked.push(asked);
    if (this.deaf) return;
    const { header, body } = this.answers[asked.do]?.(asked) ?? { header: {} };
    this.say(packed({ id: asked.id, ...header }, body));
  }

  addEventListener(kind: string, hear: (event: { data: unknown }) => void): void {
    this.ears.set(kind, [...(this.ears.get(kind) ?? []), hear]);
  }

  say(data: ArrayBuffer): void {
    queueMicrotask(() => {
      this.happen("message", data);
    });
  }

  happen(kind: string, data?: ArrayBuffer): void {
    for (const hear of this.ears.get(kind) ?? []) hear({ data });
  }
}

const HELLO = {
  title: "pong", truth: SPEC, dream: { ...SPEC, opening: 4 }, players: ["tracking"], own: {}, observes: true,
  trust: true, fields: true, calibration: null,
  provenance: { origin: { recipe: "demo" } }, ticks_per_second: 60, folder: "played",
};

let server: Server;

async function greeted(changes: object = {}): Promise<Backend<number>> {
  server = new Server();
  const made = connect(server);
  server.say(packed({ id: 0, hello: { ...HELLO, ...changes } }));
  return made;
}

describe("a message", () => {
  it("is a header and raw bytes", () => {
    const { header, body } = unpacked(packed({ id: 3, state: 8 }, [1, 2, 255]));
    expect(header).toEqual({ id: 3, state: 8 });
    expect([...body]).toEqual([1, 2, 255]);
  });
});

describe("a server's games", () => {
  let backend: Backend<number>;
  beforeEach(async () => {
    backend = await greeted();
    let next = 100;
    const state = (): object => ({ header: { state: next++, trust: 1.5, params: [10, 4], over: true }, body: [7, 8] });
    server.answers = {
      init: state, update: state, observe: state, change: state,
      render: () => ({ header: {}, body: [9, 9] }),
      act: () => ({ header: { actions: [1, 2], memory: 5 } }),
      fields: () => ({
        header: {
          fields: [{ name: "age", shape: [2], kind: "integer", least: 0, most: 9 }, { name: "big", shape: [9999] }],
          values: { age: [1, 2] },
        },
      }),
      save: () => ({ header: { episode: 3, folder: "played/pong" } }),
      gif: () => ({ header: { bytes: 3 }, body: [71, 73, 70] }),
    } as typeof server.answers;
  });

  it("are told by the server first", () => {
    expect(server.binaryType).toBe("arraybuffer");
    expect(backend).toMatchObject({ title: "pong", players: ["tracking"], ticksPerSecond: 60, params: true });
    expect([backend.truth?.spec.opening, backend.dream?.spec.opening]).toEqual([0, 4]);
  });

  it("are played by handles, with the frames that came along", async () => {
    expect(await backend.truth?.init(null, 7)).toBe(100);
    expect(await backend.dream?.init([10, 4], 7, { states: [1, 2], actions: [[0, 1]] })).toBe(101);
    expect(server.asked).toEqual([
      { id: 1, do: "init", sim: "truth", params: null, seed: 7 },
      { id: 2, do: "init", sim: "dream", params: [10, 4], seed: 7, opening: { states: [1, 2], actions: [[0, 1]] } },
    ]);
  });

  it("come with their frames", async () => {
    expect(await backend.dream?.update(99, [0, 2])).toBe(100);
    expect(server.asked).toEqual([{ id: 1, do: "update", state: 99, actions: [0, 2] }]);
    expect(await backend.dream?.render(100)).toEqual(Uint8Array.of(7, 8));
    expect(await backend.dream?.trust?.(100)).toBe(1.5);
    await backend.truth?.init(null, 7);
    expect([backend.truth?.params?.(101), backend.truth?.over?.(101)]).toEqual([[10, 4], true]);
    expect(server.asked).toHaveLength(2);
  });

  it("are looked at again once they were forgotten here", async () => {
    const state = (await backend.dream?.init(null, 0)) ?? 0;
    backend.dream?.forget?.([state]);
    expect(server.asked.at(-1)).toMatchObject({ do: "forget", states: [state] });
    expect([...((await backend.dream?.render(state)) ?? [])]).toEqual([9, 9]);
  });

  it("have players who remember", async () => {
    const turn = { player: "tracking", seed: 1, tick: 2, state: 3, memory: null };
    expect(await backend.truth?.act?.(turn)).toEqual({ actions: [1, 2], memory: 5 });
    const asked = { do: "act", player: "tracking", seed: 1, tick: 2, truth: 3, memory: null };
    expect(server.asked.at(-1)).toMatchObject(asked);
  });

  it("are set right and changed", async () => {
    await backend.dream?.observe?.(1, 2, { states: [2], actions: [] });
    await backend.dream?.change?.(1, "age", 5, 0.5);
    expect(server.asked).toMatchObject([
      { do: "observe", state: 1, truth: 2, opening: { states: [2], actions: [] } },
      { do: "change", state: 1, field: "age", index: 5, value: 0.5 },
    ]);
  });

  it("are looked into", async () => {
    expect(await backend.dream?.fields?.(1)).toMatchObject([
      { name: "age", values: [1, 2] }, { name: "big", values: null },
    ]);
  });

  it("are saved and drawn from what was pressed", async () => {
    const game = { params: [10, 4], seed: 7, actions: [[0, 1]] };
    expect(await backend.save?.(game)).toBe("Saved as episode 3 of played/pong");
    expect([...((await backend.gif?.(game, [3])) ?? [])]).toEqual([71, 73, 70]);
    expect(server.asked.at(-1)).toMatchObject({ ...game, anchors: [3] });
  });

  it("go on after a request that was refused", async () => {
    server.answers.update = () => ({ header: { error: "there is no state 5" } });
    await expect(backend.truth?.update(5, [0, 0])).rejects.toThrow(new Refused("there is no state 5"));
    server.answers.update = () => ({ header: { id: null, error: "a request is JSON" } });
    await expect(backend.truth?.update(5, [0, 0])).rejects.toThrow("a request is JSON");
    expect(await backend.truth?.init(null, 0)).toBe(100);
  });

  it("say so when the server is gone", async () => {
    server.deaf = true;
    queueMicrotask(() => {
      server.happen("close");
    });
    await expect(backend.truth?.update(1, [0, 0])).rejects.toThrow("the server is gone");
    await expect(backend.truth?.update(1, [0, 0])).rejects.toThrow("the server is gone");
  });
});

describe("what a server cannot do", () => {
  it("is not offered", async () => {
    const backend = await greeted({ observes: false, trust: false, fields: false, folder: null });
    const nothing = { observe: undefined, trust: undefined, fields: undefined, change: undefined };
    expect(backend.dream).toMatchObject(nothing);
    expect("save" in backend).toBe(false);
    expect(backend.truth).not.toBeNull();
    expect((await greeted({ dream: null })).dream).toBeNull();
  });
});
