import { describe, expect, it } from "vitest";

import { Queue } from "../src/queue";

interface Made {
  readonly queue: Queue;
  readonly did: string[];
  readonly work: (name: string) => () => Promise<void>;
}

function made(show = (): void => undefined): Made {
  const did: string[] = [];
  const shown = (): Promise<void> => {
    did.push("shown");
    show();
    return Promise.resolve();
  };
  const queue = new Queue(shown, (reason) => did.push(String(reason)));
  const work = (name: string) => async (): Promise<void> => {
    await Promise.resolve();
    did.push(name);
  };
  return { queue, did, work };
}

describe("a queue", () => {
  it("does one thing after the other and shows each", async () => {
    const { queue, did, work } = made();
    void queue.add(work("a"));
    await queue.add(work("b"));
    expect(did).toEqual(["a", "shown", "b", "shown"]);
  });

  it("goes on after work that went wrong", async () => {
    const { queue, did, work } = made();
    void queue.add(() => Promise.reject(new Error("refused")));
    void queue.add(() => {
      throw new Error("at once");
    });
    await queue.add(work("b"));
    expect(did).toEqual(["Error: refused", "Error: at once", "b", "shown"]);
  });

  it("goes on after something that could not be shown", async () => {
    let times = 0;
    const { queue, did, work } = made(() => {
      if (times++ === 0) throw new Error("dark");
    });
    void queue.add(work("a"));
    await queue.add(work("b"));
    expect(did).toEqual(["a", "shown", "Error: dark", "b", "shown"]);
  });

  it("does the newest of what has one name", async () => {
    const { queue, did, work } = made();
    for (const name of ["a", "b", "c"]) queue.latest("rewind", work(name));
    await queue.add(work("d"));
    queue.latest("rewind", work("e"));
    await queue.add(() => Promise.resolve());
    expect(did.filter((each) => each !== "shown")).toEqual(["c", "d", "e"]);
  });
});
