// Delays as a person feels them. Printed and kept, never asserted: the tests run on busy machines.
const PRINTED = 'measured: ';

/** @param milliseconds as measured. */
export function report(what: string, milliseconds: number): void {
  console.log(`${PRINTED}${what}: ${(milliseconds / 1000).toFixed(2)} s`);
}
