// Many connections, some at a time.

/** Calls `work` for each number from `first` up to and without `end`, twenty at a time. */
export async function inLanes(first: number, end: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = first;
  const lane = async () => {
    while (next < end) await work(next++);
  };
  await Promise.all(Array.from({ length: 20 }, lane));
}
