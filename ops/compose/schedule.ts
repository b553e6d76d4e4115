// What is done every night, each for itself: one that fails neither stops the other nor makes it wait.

/** A backup, a run of the archive. */
export interface Task {
  name: string;
  /** Whether this night's is still to be done. */
  isDue(lastDue: number): boolean | Promise<boolean>;
  /** @returns what it did, for the log. */
  run(): Promise<string>;
}

/** When a night's work is due, milliseconds after midnight UTC. */
const DUE_MS = (2 * 60 + 15) * 60_000;
const DAY_MS = 86_400_000;
const AFTER_FAILURE_MS = 3_600_000;

/** The last time that work became due. */
const lastDue = (now: number) => Math.floor((now - DUE_MS) / DAY_MS) * DAY_MS + DUE_MS;

/** The work of all nights. */
export class Schedule {
  readonly #tasks: readonly Task[];
  readonly #say: (message: string) => void;
  /** When those that failed are tried again. */
  readonly #again = new Map<string, number>();

  constructor(tasks: readonly Task[], say: (message: string) => void) {
    this.#tasks = tasks;
    this.#say = say;
  }

  /** Does what is due, in order. @returns the names of those that failed. */
  async look(now = Date.now()): Promise<string[]> {
    const failed: string[] = [];
    for (const task of this.#tasks) {
      if (now < (this.#again.get(task.name) ?? 0)) continue;
      try {
        if (await task.isDue(lastDue(now))) this.#say(`${task.name}: ${await task.run()}`);
        this.#again.delete(task.name);
      } catch (error) {
        this.#again.set(task.name, now + AFTER_FAILURE_MS);
        this.#say(`${task.name}: failed, tried again in an hour: ${(error as Error).message}`);
        failed.push(task.name);
      }
    }
    return failed;
  }
}
