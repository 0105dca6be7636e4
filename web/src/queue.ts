/** One thing is done after the other, and after each it is shown what came of it. Nothing that goes wrong ends it. */

export class Queue {
  /** The end of all that was asked for so far. */
  private end: Promise<void> = Promise.resolve();
  /** Work that is still to begin, by name: of several the last counts. */
  private readonly wanted = new Map<string, () => Promise<unknown>>();

  /** `show` follows all work that went well; `tell` is told of what went wrong, with either. */
  constructor(
    private readonly show: () => Promise<void>,
    private readonly tell: (reason: unknown) => void,
  ) {}

  /** Does `work` after all that was asked before; done when that was shown or told. */
  add(work: () => Promise<unknown>): Promise<void> {
    this.end = this.end.then(work).then(() => this.show()).catch(this.tell);
    return this.end;
  }

  /** The same, but of all work of one `name` that waits only the newest is done. */
  latest(name: string, work: () => Promise<unknown>): void {
    const waits = this.wanted.has(name);
    this.wanted.set(name, work);
    if (waits) return;
    void this.add(() => {
      const newest = this.wanted.get(name);
      this.wanted.delete(name);
      return newest?.() ?? Promise.resolve();
    });
  }
}
