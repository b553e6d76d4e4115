// What a person should see, without a stack trace: what is wrong, where, and what to do.

/** A preview that cannot be made as asked: a wrong argument, a missing or malformed file. */
export class Refusal extends Error {
  override name = 'Refusal';
}
